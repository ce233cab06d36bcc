// `serve`: the web service on this machine, its evaluations kept in a file.

import { FileStore } from "../app/file_store.ts";
import { MemoryStore } from "../app/store.ts";
import { createHandler } from "../app.ts";

/** Flags of the command, as commander gives them. */
interface ServeOptions {
  port: string;
  host: string;
  store?: string;
  endpoints?: string;
  open?: boolean;
}

/** Starts the server; it runs until it is stopped. Throws without a token unless that was asked for. */
export async function serve(options: ServeOptions): Promise<void> {
  const token = Deno.env.get("GHPO_TOKEN") ?? null;
  if (token === null && !options.open) {
    throw new Error("Cannot serve without a token: set GHPO_TOKEN, or pass --open to serve everybody");
  }
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new RangeError(`Cannot serve as --port must be from 0 to 65535: current value is ${options.port}`);
  }
  const handler = createHandler({
    store: options.store === undefined ? new MemoryStore() : new FileStore(options.store),
    token: options.open ? null : token,
    endpoints: (options.endpoints ?? "").split(",").filter((address) => address !== ""),
    maxBodyBytes: 4_000_000,
    requestsPerMinute: 60_000,
  });
  const server = Deno.serve({
    port,
    hostname: options.host,
    onListen: ({ hostname, port }) =>
      console.error(`Serving at http://${hostname}:${port}, documented at /docs`),
  }, handler);
  await server.finished;
}
