// serve: a checkpoint as an OpenAI-compatible server.

import { basename, resolve } from "node:path";
import * as v from "valibot";
import { parseFlags } from "#shared/schemas/parse.ts";
import { count, name, numeral } from "#shared/schemas/values.ts";
import { openModel } from "../library/open_model.ts";
import { createServer } from "../serve/app.ts";
import { listen } from "../serve/listen.ts";
import { modelDirectory } from "#shared/io/model_directory.ts";

const FlagsSchema = v.strictObject({
  model: name,
  adapter: v.optional(name),
  name: v.optional(name),
  port: v.pipe(numeral, count, v.maxValue(65535)),
  host: name,
  json: v.optional(v.boolean(), false),
});

const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

export async function serveCommand(flags: unknown): Promise<void> {
  const o = parseFlags(FlagsSchema, flags);
  const token = process.env.GHPO_SERVE_TOKEN || null;
  if (token === null && !LOOPBACK.includes(o.host)) {
    throw new Error(`Cannot listen on ${o.host} as a token is needed there: set GHPO_SERVE_TOKEN`);
  }
  const directory = modelDirectory(o.model);
  const listed = o.name ?? basename(resolve(o.model));
  using model = await openModel(directory, o.adapter);
  const handler = createServer({ model, name: listed, token });
  const server = listen({ port: o.port, hostname: o.host, idleTimeout: 255, fetch: handler });
  const url = `http://${o.host.includes(":") ? `[${o.host}]` : o.host}:${server.port}/v1`;
  console.log(
    o.json
      ? JSON.stringify({ url, model: listed, pid: process.pid })
      : `Serving ${listed} at ${url}   (Ctrl-C to stop)\n` +
        `Try: npm run -s evaluate -- --endpoint ${url} --model ${listed}`,
  );
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await server.stop(true);
}
