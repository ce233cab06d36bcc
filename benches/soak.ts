// 2,000 training steps with generation, twice with the same seed: memory stays flat, and the second run computes the same
// numbers as the first.
//   npm run -s bench -- soak [--steps 2000] [--out runs/soak] [--seconds N]
// With --seconds it is interrupted after so many, as by Ctrl-C; called again it goes on where it was, until both runs are
// done and compared. speed.md has results.

import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { mean } from "#shared/statistics.ts";

const MAIN = join(import.meta.dir, "../trainer/main.ts");
const RECIPE = join(import.meta.dir, "soak/soak.toml");
const RUNS = ["first", "second"];
/** Of the process and not of the training: what a clock says, and buffers, which grow with the longest prompts so far. */
const OF_PROCESS = /^(time|step_time|time\/.*|gpu_bytes|prefilled_tokens)$/;

type Metrics = Record<string, number | null> & { step: number };
interface Sample {
  /** The process: memory is compared within one. */
  pid: number;
  step: number;
  rss: number;
}

const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "2000" },
    out: { type: "string", default: "runs/soak" },
    seconds: { type: "string" },
  },
});
const steps = Number(values.steps);
const deadline = values.seconds === undefined ? Infinity : performance.now() + Number(values.seconds) * 1000;

for (const run of RUNS) {
  while (done(run) < steps && performance.now() < deadline) await goOn(run);
}
if (RUNS.every((run) => done(run) === steps)) report();
else console.log(`Interrupted: ${RUNS.map((run) => `${run} run ${done(run)} of ${steps} steps`).join(", ")}`);

function metrics(run: string): Metrics[] {
  const path = join(values.out, run, "metrics.jsonl");
  return existsSync(path) ? readLines(path) : [];
}

function readLines<T>(path: string): T[] {
  return readFileSync(path, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line) as T);
}

function done(run: string): number {
  return metrics(run).at(-1)?.step ?? 0;
}

/** Runs or resumes the training until it ends or the time is up, and notes the process's memory every two seconds. */
async function goOn(run: string): Promise<void> {
  const directory = join(values.out, run);
  mkdirSync(values.out, { recursive: true });
  const resume = existsSync(join(directory, "recipe.toml")) ? ["--resume"] : [];
  const flags = [
    "--output_dir",
    directory,
    "--train.max_steps",
    values.steps,
    "--quiet",
    "--json",
    ...resume,
  ];
  const child = Bun.spawn([process.execPath, MAIN, "train", RECIPE, ...flags], {
    stdout: "ignore",
    stderr: "inherit",
  });
  const watch = setInterval(() => {
    const status = `/proc/${child.pid}/status`;
    if (existsSync(status)) {
      const rss = Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(status, "utf8"))?.[1] ?? NaN) * 1024;
      appendFileSync(
        join(values.out, `${run}.memory.jsonl`),
        JSON.stringify({ pid: child.pid, step: done(run), rss } satisfies Sample) + "\n",
      );
    }
    if (performance.now() > deadline) child.kill("SIGINT");
  }, 2000);
  const code = await child.exited;
  clearInterval(watch);
  if (code !== 0 && code !== 130) {
    throw new Error(`Cannot continue the ${run} run as it ended with code ${code}`);
  }
}

function report(): void {
  const [first, second] = RUNS.map(metrics) as [Metrics[], Metrics[]];
  const keys = Object.keys(first[0]!).filter((key) => !OF_PROCESS.test(key));
  const drift = first.findIndex((row, i) => keys.some((key) => row[key] !== second[i]![key]));
  console.log(
    drift < 0
      ? `The metrics of both runs are identical: ${keys.length} numbers in each of ${first.length} steps`
      : `The runs differ from step ${first[drift]!.step} on: ${
        keys.filter((key) => first[drift]![key] !== second[drift]![key]).join(", ")
      }`,
  );
  const tokens = first.at(-1)!["generated_tokens"];
  console.log(`${tokens} tokens generated; median step ${(middle(first, "step_time") * 1000).toFixed(0)} ms`);
  for (const run of RUNS) {
    const bytes = metrics(run).map((row) => row["gpu_bytes"]!);
    console.log(`${run} run: GPU buffers ${mib(Math.min(...bytes))} to ${mib(Math.max(...bytes))} MiB`);
    const samples = existsSync(memory(run)) ? readLines<Sample>(memory(run)) : [];
    for (const pid of new Set(samples.map((sample) => sample.pid))) {
      const own = samples.filter((sample) => sample.pid === pid && sample.step > 0);
      if (own.length < 8) continue;
      const quarter = Math.floor(own.length / 4);
      const [early, late] = [own.slice(quarter, 2 * quarter), own.slice(-quarter)]
        .map((part) => mean(part.map(({ rss }) => rss))) as [number, number];
      console.log(
        `  process of steps ${own[0]!.step} to ${own.at(-1)!.step}: resident ${
          mib(early)
        } MiB in its second quarter, ` +
          `${mib(late)} MiB in its last`,
      );
    }
  }
}

function memory(run: string): string {
  return join(values.out, `${run}.memory.jsonl`);
}

function middle(rows: readonly Metrics[], key: string): number {
  return rows.map((row) => row[key]!).toSorted((a, b) => a - b)[Math.floor(rows.length / 2)]!;
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
