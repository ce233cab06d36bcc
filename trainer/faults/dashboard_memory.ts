// Do slow clients fill the dashboard's memory?
//   bun trainer/faults/dashboard_memory.ts [--minutes 3] [--clients 200] [--stay 5]
//
// A run that gets 150 records a second, far more than any real one, so that streams nobody reads back up; the dashboard
// serves it to the clients of slow_clients.ts, which leave every `stay` seconds and come back. Prints the dashboard's
// memory every ten seconds, and the most that it held in each third of the time.

import { parseArgs } from "node:util";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { metricsOf, writeRun } from "../dashboard/testing/run.ts";
import { arrange, startDashboard, startSlowClients } from "./slow_clients_control.ts";
import { removeTemporary, temporary } from "./harness.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "3" },
    clients: { type: "string", default: "200" },
    stay: { type: "string", default: "5" },
  },
});
const seconds = 60 * Number(values.minutes);
const [clients, stay] = [Number(values.clients), Number(values.stay)];

const run = join(temporary(), "run");
writeRun(run, 1, 1_000_000);
using dashboard = await startDashboard(run);
using slowClients = startSlowClients(dashboard.url, clients);

let step = 1;
let comings = 0;
const memory: number[] = [];
for (let second = 0; second < seconds; second++) {
  if (second % stay === 0) {
    if (comings++ > 0) await arrange(slowClients, false);
    await arrange(slowClients, true);
  }
  const lines = Array.from({ length: 150 }, () => JSON.stringify(metricsOf(++step)) + "\n");
  appendFileSync(join(run, "metrics.jsonl"), lines.join(""));
  await Bun.sleep(1000);
  memory.push(dashboard.megabytes());
  if (second % 10 === 9) console.error(`${second + 1} s: ${memory.at(-1)!.toFixed(0)} MB`);
}
const third = (i: number) => memory.slice((i * seconds) / 3, ((i + 1) * seconds) / 3);
console.log(JSON.stringify({
  clients,
  comings,
  records: step,
  most_mb_in_thirds: [0, 1, 2].map((i) => Math.round(Math.max(...third(i)))),
}));
removeTemporary();
process.exit(0);
