// dashboard: watch and steer runs in the browser.

import * as v from "valibot";
import { parseFlags } from "#shared/schemas/parse.ts";
import { count, name } from "#shared/schemas/values.ts";
import { serveDashboard } from "../dashboard/serve.ts";

const FlagsSchema = v.strictObject({
  port: v.pipe(v.string(), v.transform(Number), count, v.maxValue(65535)),
  host: name,
  json: v.optional(v.boolean(), false),
});

export async function dashboardCommand(folders: readonly string[], flags: unknown): Promise<void> {
  const { port, host, json } = parseFlags(FlagsSchema, flags);
  const dashboard = await serveDashboard({
    folders: folders.length === 0 ? ["runs"] : folders,
    token: process.env.GHPO_DASHBOARD_TOKEN || null,
    port,
    hostname: host,
  });
  const { url, runs } = dashboard;
  console.log(
    json
      ? JSON.stringify({ url, runs, pid: process.pid })
      : `Dashboard of ${runs} ${runs === 1 ? "run" : "runs"}: ${url}   (Ctrl-C ends it, not the runs)`,
  );
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await dashboard.stop();
}
