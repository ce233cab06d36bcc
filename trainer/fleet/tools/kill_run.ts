// Kills workers and the server in the middle of training.
//   bun trainer/fleet/tools/kill_run.ts [--kills 200] [--servers 10] [--staleness 0] [--seconds 3] [--workers 3]
//     [--report FILE]
//
// The demo's recipe cut down to a few steps, by itself and over real workers. Meanwhile one worker after another is killed
// with SIGKILL once it has weights, and another is started; now and then the server is killed and started. A run that
// has ended is compared and begun anew until there were that many kills: each must have the weights, moments, rollouts
// and metrics of the undisturbed one. The last line is the report; with --report it is in a file, too, from which the
// same command goes on after it was ended.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connectFleet, makeStreams } from "#shared/fleet/server.ts";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { RunDirectory } from "../../run/directory.ts";
import { digestsOf } from "../../team/testing.ts";
import { LEARNER, TestServer } from "../testing.ts";
import { settings, trainProcess, WorkerProcess } from "./processes.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    servers: { type: "string", default: "10" },
    staleness: { type: "string", default: "0" },
    seconds: { type: "string", default: "3" },
    workers: { type: "string", default: "3" },
    report: { type: "string" },
  },
});
const wanted = { kills: Number(values.kills), servers: Number(values.servers) };
const SETTINGS = settings(12, ["--train.staleness", values.staleness]);
/** How long the server waits for a worker that was killed. */
const ACK_WAIT_S = 3;

const folder = mkdtempSync(join(tmpdir(), "ghpo-kill-run-"));
const server = await TestServer.start();
const learner = await connectFleet(server.url, LEARNER);
await makeStreams(learner, ACK_WAIT_S);
await learner.close();

const startWorker = () => new WorkerProcess("bun", server.url);

const report = {
  staleness: values.staleness,
  runs: 0,
  different: [] as string[],
  died: [] as string[],
  worker_kills: 0,
  server_kills: 0,
  requests: { remote: 0, local: 0, refused: 0, differing: 0 },
};
if (values.report !== undefined && existsSync(values.report)) {
  const before = JSON.parse(readFileSync(values.report, "utf8"));
  if (before.staleness !== values.staleness) {
    throw new Error(
      `Cannot go on with ${values.report} as it must be of staleness ${values.staleness}: it is of ${before.staleness}`,
    );
  }
  Object.assign(report, before);
}
const undisturbed = join(folder, "undisturbed");
await trainProcess(undisturbed, SETTINGS);
const expected = digestsOf(undisturbed);
const workers = Array.from({ length: Number(values.workers) }, startWorker);
let done = false;
const killing = (async () => {
  for (let due = Date.now(); !done;) {
    await Bun.sleep(50);
    for (const [i, { child, said }] of workers.entries()) {
      if (child.exitCode === null) continue;
      report.died.push(said); // by itself, which none should
      workers[i] = startWorker();
    }
    if (Date.now() < due) continue;
    const at = workers.findIndex(({ hasWeights }) => hasWeights);
    if (at < 0) continue;
    await Bun.sleep(Math.random() * 1000 * Number(values.seconds));
    await workers[at]!.end("SIGKILL");
    report.worker_kills++;
    workers.splice(at, 1);
    workers.push(startWorker());
    const isDue = report.worker_kills * wanted.servers >= wanted.kills * (report.server_kills + 1);
    // A run that begins must find a server.
    if (isDue && existsSync(join(folder, `run-${report.runs}`, "metrics.jsonl"))) {
      await server.kill();
      report.server_kills++;
      await server.start();
    }
    due = Date.now() + 1000 * Number(values.seconds);
  }
})();
const isEnough = () => report.worker_kills >= wanted.kills && report.server_kills >= wanted.servers;
while (!isEnough()) {
  const path = join(folder, `run-${report.runs}`);
  await trainProcess(path, SETTINGS, server.url);
  report.runs++;
  const digests = digestsOf(path);
  report.different.push(...Object.keys(expected).filter((key) => digests[key] !== expected[key]));
  for (const record of new RunDirectory(path).readMetrics()) {
    for (const name of ["remote", "local", "refused", "differing"] as const) {
      report.requests[name] += record[`fleet/${name}`] ?? 0;
    }
  }
  rmSync(path, { recursive: true });
  if (values.report !== undefined) writeFileAtomic(values.report, JSON.stringify(report));
  console.log(JSON.stringify({ ...report, weights: digests["weights"]!.slice(0, 12) }));
}
done = true;
await killing;
await Promise.all(workers.map((worker) => worker.end("SIGKILL")));
await server.close();
rmSync(folder, { recursive: true });
console.log(JSON.stringify({ ...report, weights: expected["weights"]!.slice(0, 12) }));
process.exit(report.different.length + report.died.length === 0 ? 0 : 1);
