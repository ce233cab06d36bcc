// Workers on different runtimes and drivers in one run.
//   bun trainer/fleet/tools/mixed_fleet.ts [--steps 6] [--staleness 0] [--kinds bun,deno,swiftshader]
//
// The demo's recipe cut down to a few steps, by itself and over three workers: Dawn on lavapipe under Bun, wgpu under
// Deno, and Dawn on SwiftShader. Every completion is compared. Tokens may differ only where a draw is within rounding,
// which the learner's check of log-probs allows; from the first such step on both runs learn from different tokens. Log-probs
// differ in their last bits, which at staleness 0 changes no weight; at 1 they are part of the ratio, so that only workers
// of the learner's kind give its bits. Exits with 1 unless weights are the same bits or a token is different.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Group } from "#shared/schemas/rollout.ts";
import { RunDirectory } from "../../run/directory.ts";
import { digestsOf } from "../../team/testing.ts";
import { TestServer } from "../testing.ts";
import { KINDS, settings, trainProcess, WorkerProcess } from "./processes.ts";

const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "6" },
    staleness: { type: "string", default: "0" },
    kinds: { type: "string", default: KINDS.join() },
  },
});
const SETTINGS = settings(Number(values.steps), ["--train.staleness", values.staleness]);
const folder = mkdtempSync(join(tmpdir(), "ghpo-mixed-"));
const [alone, fleet] = [join(folder, "alone"), join(folder, "fleet")];
await trainProcess(alone, SETTINGS);

const server = await TestServer.start();
const kinds = KINDS.filter((kind) => values.kinds.split(",").includes(kind));
const workers = kinds.map((kind) => new WorkerProcess(kind, server.url));
await trainProcess(fleet, SETTINGS, server.url, 120);
await Promise.all(workers.map((worker) => worker.end("SIGTERM")));
await server.close();

const completions = (run: string, name: string) => {
  const lines = readFileSync(join(run, "rollouts", name), "utf8").trim().split("\n");
  return lines.flatMap((line) => (JSON.parse(line) as Group).completions);
};
let [same, different, first, largest] = [0, 0, null as number | null, 0];
for (const [step, name] of readdirSync(join(alone, "rollouts")).sort().entries()) {
  const [own, theirs] = [completions(alone, name), completions(fleet, name)];
  for (const [i, { ids, logprobs }] of own.entries()) {
    const other = theirs[i];
    if (other === undefined || other.ids.join() !== ids.join()) {
      different++;
      first ??= step + 1;
      continue;
    }
    same++;
    logprobs.forEach((value, t) => largest = Math.max(largest, Math.abs(value - other.logprobs[t]!)));
  }
}
const records = new RunDirectory(fleet).readMetrics();
const sum = (name: string) => records.reduce((total, record) => total + (record[`fleet/${name}`] ?? 0), 0);
const [own, theirs] = [digestsOf(alone), digestsOf(fleet)];
const equal = own["weights"] === theirs["weights"] && own["moments"] === theirs["moments"];
console.log(JSON.stringify({
  jobs: Object.fromEntries(workers.map(({ kind, jobs }) => [kind, jobs])),
  answers: {
    remote: sum("remote"),
    local: sum("local"),
    refused: sum("refused"),
    differing: sum("differing"),
  },
  completions: { same, different, first_different_step: first },
  largest_logprob_difference: largest,
  weights: own["weights"]!.slice(0, 12),
  weights_and_moments_equal: equal,
}));
rmSync(folder, { recursive: true });
process.exit(equal || different > 0 ? 0 : 1);
