// From a bench program to figures: each runtime runs it a few times for the seconds of the work alone and its
// digest, then hyperfine times whole processes, start included, against an empty program.

import { mkdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { join } from "node:path";
import type { Outcome } from "./program.ts";

export type Runtime = "bun" | "deno" | "node";
export const RUNTIMES: readonly Runtime[] = ["bun", "deno", "node"];

/** One bench: the program's name in benches/programs and its arguments. */
export interface Bench {
  name: string;
  args: string[];
  /** What was measured, in words. */
  method: string;
  /** Folders and variables that Deno may use. */
  permissions: string[];
}

export interface Figures {
  /** Median wall-clock seconds of a whole process, and their standard deviation and extremes. */
  process_s: number;
  process_stddev_s: number;
  process_min_s: number;
  process_max_s: number;
  /** The same for the empty program. */
  startup_s: number;
  /** Median seconds of the work alone, and work per second from it. */
  work_s: number;
  per_second: number;
  digest: string;
}

export interface BenchResult {
  bench: string;
  method: string;
  work: number;
  unit: string;
  figures: Record<Runtime, Figures>;
  /** Seconds relative to Bun: above 1 the runtime is slower. */
  ratios: { process: Record<Runtime, number>; work: Record<Runtime, number> };
  /** Every runtime computed the same. */
  same_result: boolean;
  machine: Machine;
}

export interface Machine {
  cpu: string;
  cores: number;
  /** Load averages over 1, 5 and 15 minutes when the bench began: other work on the machine shows here. */
  load: number[];
  versions: Record<Runtime, string>;
  date: string;
}

interface Timing {
  median: number;
  stddev: number;
  min: number;
  max: number;
}

const ROOT = join(import.meta.dir, "..", "..");
const BUILD = join(ROOT, ".cache", "bench");

/** Measures one bench on the three runtimes. `runs` is hyperfine's number of timed runs. */
export async function measure(bench: Bench, runs: number): Promise<BenchResult> {
  const machine = describeMachine();
  mkdirSync(BUILD, { recursive: true });
  const commands = await commandsOf(bench.name, bench.args, bench.permissions);
  const idle = await commandsOf("startup", [], []);
  const outcomes = mapRuntimes((runtime) => [1, 2, 3].map(() => runOnce(commands[runtime])));
  const whole = hyperfine(commands, runs);
  const startup = hyperfine(idle, runs);
  return combine(bench, outcomes, whole, startup, machine);
}

/** The figures of raw measurements; exported for its test. */
export function combine(
  bench: Pick<Bench, "name" | "method">,
  outcomes: Record<Runtime, Outcome[]>,
  whole: Record<Runtime, Timing>,
  startup: Record<Runtime, Timing>,
  machine: Machine,
): BenchResult {
  const figures = mapRuntimes((runtime): Figures => {
    const { median, stddev, min, max } = whole[runtime];
    const { work, digest } = outcomes[runtime][0]!;
    const seconds = outcomes[runtime].map((outcome) => outcome.seconds).sort((a, b) => a - b);
    const workSeconds = seconds[seconds.length >> 1]!;
    return {
      process_s: median,
      process_stddev_s: stddev,
      process_min_s: min,
      process_max_s: max,
      startup_s: startup[runtime].median,
      work_s: workSeconds,
      per_second: work / workSeconds,
      digest,
    };
  });
  const relative = (key: "process_s" | "work_s") =>
    mapRuntimes((runtime) => figures[runtime][key] / figures.bun[key]);
  const all = RUNTIMES.flatMap((runtime) => outcomes[runtime]);
  const { work, unit } = all[0]!;
  return {
    bench: bench.name,
    method: bench.method,
    work,
    unit,
    figures,
    ratios: { process: relative("process_s"), work: relative("work_s") },
    same_result: new Set(all.map((outcome) => outcome.digest)).size === 1,
    machine,
  };
}

function mapRuntimes<T>(value: (runtime: Runtime) => T): Record<Runtime, T> {
  return { bun: value("bun"), deno: value("deno"), node: value("node") };
}

/** How each runtime starts a program; Node 20 reads no TypeScript, so it gets a bundle. */
async function commandsOf(
  name: string,
  args: string[],
  permissions: string[],
): Promise<Record<Runtime, string[]>> {
  const source = join(ROOT, "benches", "runtimes", "programs", `${name}.ts`);
  const built = await Bun.build({
    entrypoints: [source],
    target: "node",
    external: ["webgpu"], // a native module, found in node_modules at run time
    outdir: BUILD,
    naming: "[name].mjs",
  });
  if (!built.success) throw new AggregateError(built.logs, `Cannot bundle ${name} for Node`);
  return {
    bun: [process.execPath, source, ...args],
    deno: ["deno", "run", "--quiet", "--no-prompt", ...permissions, source, ...args],
    node: ["node", join(BUILD, `${name}.mjs`), ...args],
  };
}

function runOnce(command: string[]): Outcome {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  if (exitCode !== 0) {
    const reason = stderr.toString().trim().split("\n").at(-1);
    throw new Error(`Cannot measure as ${command.join(" ")} ended with code ${exitCode}: ${reason}`);
  }
  return JSON.parse(stdout.toString().trim().split("\n").at(-1)!) as Outcome;
}

function hyperfine(commands: Record<Runtime, string[]>, runs: number): Record<Runtime, Timing> {
  const out = join(BUILD, "hyperfine.json");
  const quoted = (command: string[]) => command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const args = RUNTIMES.flatMap((runtime) => ["--command-name", runtime, quoted(commands[runtime])]);
  const options = ["--shell=none", "--style=none", "--warmup=1", `--runs=${runs}`, `--export-json=${out}`];
  const { exitCode, stderr } = Bun.spawnSync(["hyperfine", ...options, ...args], {
    stdout: "ignore",
    stderr: "pipe",
  });
  if (exitCode !== 0) throw new Error(`Cannot measure as hyperfine failed: ${stderr.toString().trim()}`);
  const { results } = JSON.parse(readFileSync(out, "utf8")) as { results: (Timing & { command: string })[] };
  return mapRuntimes((runtime) => results.find(({ command }) => command === runtime)!);
}

function describeMachine(): Machine {
  const version = (program: string) =>
    /\d+\.\d+\.\d+/.exec(Bun.spawnSync([program, "--version"]).stdout.toString())?.[0] ?? "unknown";
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    load: loadavg().map((load) => Math.round(load * 100) / 100),
    versions: { bun: Bun.version, deno: version("deno"), node: version("node") },
    date: new Date().toISOString().slice(0, 10),
  };
}
