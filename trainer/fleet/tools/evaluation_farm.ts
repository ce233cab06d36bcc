// An evaluation over four workers against one in a single process.
//   bun trainer/fleet/tools/evaluation_farm.ts [--per-level 40] [--kills 6] [--restarts 2]
//
// First without any kill, for the processor seconds of all processes, the server too; a short evaluation before gives what
// they take to start. Then again while workers are killed with SIGKILL and the
// command itself is killed and continues from its journal: rows and scores must be the bytes of the single process.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connectFleet, makeStreams } from "#shared/fleet/server.ts";
import { TOOLS } from "../../../scripts/tools.mjs";
import { forEvaluator } from "../../../scripts/permissions.mjs";
import { ROOT } from "../../team/testing.ts";
import { LEARNER, TestServer } from "../testing.ts";
import { WorkerProcess } from "./processes.ts";

const { values } = parseArgs({
  options: {
    "per-level": { type: "string", default: "40" },
    short: { type: "string", default: "10" },
    kills: { type: "string", default: "6" },
    restarts: { type: "string", default: "2" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "ghpo-farm-"));
const server = await TestServer.start();
const learner = await connectFleet(server.url, LEARNER);
await makeStreams(learner, 5);
await learner.close();

function evaluate(name: string, isFleet: boolean, perLevel = values["per-level"]) {
  const words = [
    ...[
      "--model",
      "trainer/recipes/tiny-base",
      "--benchmarks",
      "chain,addition,linear",
      "--problems-seed",
      "7",
    ],
    ...["--per-level", perLevel, "--samples", "4", "--temperature", "1"],
    ...["--out", join(folder, `${name}.json`), "--journal", join(folder, `${name}.journal`)],
    ...(isFleet ? ["--nats", server.url, "--nats-patience", "300"] : []),
  ];
  return Bun.spawn([TOOLS.deno, "run", ...forEvaluator(words), "evaluator/main.ts", ...words], {
    cwd: ROOT,
    env: { ...process.env, ...LEARNER },
    stdout: "ignore",
    stderr: "pipe",
  });
}
async function finished(child: ReturnType<typeof evaluate>): Promise<number> {
  const said = await new Response(child.stderr).text();
  if (await child.exited !== 0) throw new Error(said);
  return Number(child.resourceUsage()!.cpuTime.total) / 1e6;
}
const startWorker = () => new WorkerProcess("deno", server.url);

/** What of a result is the same whenever and wherever it was made. */
function bytes(name: string): string {
  const { run: _, rows: __, ...scores } = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
  return readFileSync(join(folder, `${name}.rows.jsonl`), "utf8") + JSON.stringify(scores);
}

/** Processor seconds of an evaluation over four fresh workers. */
async function farmed(name: string, perLevel?: string) {
  const before = server.processorSeconds();
  const workers = Array.from({ length: 4 }, startWorker);
  const asking = await finished(evaluate(name, true, perLevel));
  const working = await Promise.all(workers.map((worker) => worker.end("SIGTERM")));
  const serving = server.processorSeconds() - before;
  const total = working.reduce((sum, seconds) => sum + seconds, asking + serving);
  return { total, asking, serving, working, jobs: workers.map((worker) => worker.jobs) };
}

const short = {
  single: await finished(evaluate("short", false, values.short)),
  farm: await farmed("short-farm", values.short),
};
const single = await finished(evaluate("single", false));
const { jobs, ...farm } = await farmed("farm");
const report = {
  processor_seconds: { single, farm, ratio: farm.total / single },
  short: { single: short.single, farm: short.farm.total },
  ratio_without_start: (farm.total - short.farm.total) / (single - short.single),
  jobs,
  equal: bytes("farm") === bytes("single"),
  worker_kills: 0,
  restarts: 0,
  equal_after_kills: false,
};
console.log(JSON.stringify(report));

const wanted = { kills: Number(values.kills), restarts: Number(values.restarts) };
const workers = Array.from({ length: 4 }, startWorker);
let isDone = false;
const killing = (async () => {
  while (!isDone && report.worker_kills < wanted.kills) {
    await Bun.sleep(500);
    const at = workers.findIndex(({ hasWeights }) => hasWeights);
    if (at < 0) continue;
    await workers[at]!.end("SIGKILL");
    report.worker_kills++;
    workers.splice(at, 1);
    workers.push(startWorker());
  }
})();
for (; report.restarts < wanted.restarts; report.restarts++) {
  const child = evaluate("killed", true);
  while (child.exitCode === null && !workers.some(({ hasWeights }) => hasWeights)) await Bun.sleep(100);
  await Bun.sleep(1500);
  child.kill("SIGKILL");
  await child.exited;
}
await finished(evaluate("killed", true));
isDone = true;
await killing;
await Promise.all(workers.map((worker) => worker.end("SIGKILL")));
await server.close();
report.equal_after_kills = bytes("killed") === bytes("single");
console.log(JSON.stringify(report));
rmSync(folder, { recursive: true });
process.exit(report.equal && report.equal_after_kills ? 0 : 1);
