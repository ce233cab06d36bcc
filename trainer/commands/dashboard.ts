// dashboard: watch and steer runs in the browser.

import * as v from "valibot";
import { errorCode, makeDirectory } from "#shared/io/files.ts";
import { parseFlags } from "#shared/schemas/parse.ts";
import { count, name, numeral } from "#shared/schemas/values.ts";
import { serveDashboard } from "../dashboard/serve.ts";

const USUAL_PORT = 7411;

const FlagsSchema = v.strictObject({
  port: v.optional(v.pipe(numeral, count, v.maxValue(65535))),
  host: name,
  json: v.optional(v.boolean(), false),
});

export async function dashboardCommand(folders: readonly string[], flags: unknown): Promise<void> {
  const { port, host, json } = parseFlags(FlagsSchema, flags);
  if (folders.length === 0) makeDirectory("runs"); // the first run may begin later
  const serve = (port: number) =>
    serveDashboard({
      folders: folders.length === 0 ? ["runs"] : folders,
      token: process.env.GHPO_DASHBOARD_TOKEN || null,
      port,
      hostname: host,
    });
  const dashboard = onPort(port, serve);
  const { url, runs } = dashboard;
  console.log(
    json
      ? JSON.stringify({ url, runs, pid: process.pid })
      : `Dashboard${
        runs === 0 ? "" : runs === 1 ? " of 1 run" : ` of ${runs} runs`
      }: ${url}   (Ctrl-C to stop)`,
  );
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await dashboard.stop();
}

/** The usual port may belong to the dashboard of another run; one that was asked for must be that one. */
function onPort<T>(port: number | undefined, serve: (port: number) => T): T {
  try {
    return serve(port ?? USUAL_PORT);
  } catch (cause) {
    const isTaken = cause instanceof Error && errorCode(cause.cause) === "EADDRINUSE";
    if (port === undefined && isTaken) return serve(0);
    throw cause;
  }
}
