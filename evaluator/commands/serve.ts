// `serve`: the web service on this machine, under Deno or Bun, its evaluations kept in a file.

import { existsSync } from "node:fs";
import process from "node:process";
import { listenError } from "#shared/io/listen.ts";
import { FileStore } from "../app/file_store.ts";
import { DEFAULT_BODY_BYTES, DEFAULT_REQUESTS, parseEndpoints } from "../app/settings.ts";
import { MemoryStore } from "../app/store.ts";
import { createHandler } from "../app.ts";
import { servedCheckpoints } from "./served_checkpoints.ts";

/** Flags of the command, as commander gives them. */
interface ServeOptions {
  port: string;
  host: string;
  store?: string;
  endpoints?: string;
  checkpoints?: string;
  open?: boolean;
}

/** What is used of Bun's server, which Deno's types do not know. */
interface BunServer {
  serve(options: { port: number; hostname: string; idleTimeout: number; fetch: Handler }): { port: number };
}
type Handler = (request: Request) => Promise<Response>;

/** Starts the server; it runs until it is stopped. Throws without a token unless that was asked for. */
export async function serve(options: ServeOptions): Promise<void> {
  const token = process.env["GHPO_TOKEN"]?.trim() ?? "";
  if (token === "" && !options.open) {
    throw new Error("Cannot serve without a token: set GHPO_TOKEN, or pass --open to serve everybody");
  }
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new RangeError(`Cannot serve as --port must be from 0 to 65535: current value is ${options.port}`);
  }
  const checkpoints = listed(options.checkpoints);
  for (const directory of checkpoints) {
    if (existsSync(`${directory}/config.json`)) continue;
    throw new Error(`Cannot serve the checkpoint ${directory} as it has no config.json`);
  }
  const handler = createHandler({
    store: options.store === undefined ? new MemoryStore() : new FileStore(options.store),
    access: options.open ? "open" : { token },
    endpoints: parseEndpoints(options.endpoints ?? "", "--endpoints"),
    openCheckpoint: servedCheckpoints(checkpoints),
    maxBodyBytes: DEFAULT_BODY_BYTES,
    requestsPerMinute: DEFAULT_REQUESTS,
  });
  const announce = (port: number): void =>
    console.error(`Serving at http://${options.host}:${port}, documented at /docs`);
  const { Bun } = globalThis as { Bun?: BunServer };
  const hostname = options.host;
  try {
    if (Bun) {
      // Bun closes a silent connection after 10 s; the samples of one chunk may take longer (255 s at most).
      announce(Bun.serve({ port, hostname, idleTimeout: 255, fetch: handler }).port);
      return;
    }
    const onListen = (address: { port: number }): void => announce(address.port);
    await Deno.serve({ port, hostname, onListen }, handler).finished;
  } catch (cause) {
    throw listenError(port, hostname, cause);
  }
}

function listed(names = ""): string[] {
  return names.split(",").filter((name) => name !== "");
}
