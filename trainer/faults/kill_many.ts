// Kills a run at many random moments.   bun trainer/faults/kill_many.ts [--kills 200]
//
// One run is killed with SIGKILL again and again until it is done, with a checkpoint after every step; then the next
// one begins. Each must end with the bytes of a run that nobody disturbed, without a torn file, and the run directory
// must never hold more than its checkpoints and the one being written.

import { parseArgs } from "node:util";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readNewest } from "../run/checkpoint.ts";
import { outcome, removeTemporary, temporary } from "./harness.ts";

const { values } = parseArgs({ options: { kills: { type: "string", default: "200" } } });
const kills = Number(values.kills);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SETTINGS = [
  ...["--train.max_steps", "12", "--train.prompts_per_step", "4", "--generation.num_generations", "4"],
  ...["--generation.max_completion_length", "24", "--ghpo.start_stage_memory", "true"],
  ...["--eval.eval_every", "0", "--checkpoint.save_every", "1"],
];

function start(run: string) {
  const resume = existsSync(join(run, "recipe.toml")) ? ["--resume"] : [];
  const words = ["trainer/main.ts", "train", "demo", "--quiet", "--output_dir", run, ...SETTINGS, ...resume];
  return Bun.spawn([process.execPath, ...words], { cwd: ROOT, stdout: "ignore", stderr: "pipe" });
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    return sum +
      (entry.isDirectory() ? bytesBelow(path) : statSync(path, { throwIfNoEntry: false })?.size ?? 0);
  }, 0);
}

const whole = temporary();
const began = performance.now();
if (await start(whole).exited !== 0) throw new Error("Cannot make the undisturbed run");
const duration = performance.now() - began;
const expected = JSON.stringify(outcome(whole));
const size = bytesBelow(whole);

const report = { kills: 0, runs: 0, identical: 0, torn: 0, most_bytes: 0, undisturbed_bytes: size };
let run = temporary();
while (report.kills < kills) {
  const child = start(run);
  // Most of a start is loading, so most kills come early; every run gets some way on average.
  const timer = setTimeout(() => child.kill("SIGKILL"), Math.random() * duration);
  const message = await new Response(child.stderr).text();
  const code = await child.exited;
  clearTimeout(timer);
  report.most_bytes = Math.max(report.most_bytes, bytesBelow(run));
  if (code === 0) {
    report.runs++;
    if (JSON.stringify(outcome(run)) === expected) report.identical++;
    rmSync(run, { recursive: true });
    run = temporary();
    continue;
  }
  if (child.signalCode !== "SIGKILL") throw new Error(`A resume failed: ${message}`);
  report.kills++;
  if (report.kills % 20 === 0) console.error(JSON.stringify(report));
  try {
    readNewest(join(run, "checkpoints"));
  } catch {
    report.torn++;
  }
}
console.log(JSON.stringify({ ...report, minutes: (performance.now() - began) / 60_000 }));
removeTemporary();
if (report.torn > 0 || report.identical < report.runs) process.exit(1);
