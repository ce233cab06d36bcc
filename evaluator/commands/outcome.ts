// What a run reports besides the scores: progress, warnings and the exit code.

import { percent } from "#shared/text/format.ts";
import { unknownPrompts } from "../scoring/unknown_prompts.ts";
import type { BenchmarkScore, EvaluationResult } from "#shared/schemas/evaluation.ts";
import type { RunProgress } from "../run/run.ts";
import type { EvaluateOptions } from "./options.ts";

/** Where the progress goes: rewritten in place on a terminal, else a line now and then. */
interface Output {
  isTerminal: boolean;
  write(text: string): void;
}

const stderr: Output = {
  get isTerminal() {
    return Deno.stderr.isTerminal();
  },
  write: (text) => void Deno.stderr.writeSync(new TextEncoder().encode(text)),
};

/** Time between two updates, ms. */
const ON_TERMINAL = 200;
const IN_FILE = 30_000;

/** A function that shows the progress of a run. */
export function showProgress(
  out: Output = stderr,
  now = () => performance.now(),
): (progress: RunProgress) => void {
  const start = now();
  let shown = out.isTerminal ? -Infinity : start;
  return (progress) => {
    const over = progress.done + progress.failed >= progress.total;
    const due = now() - shown >= (out.isTerminal ? ON_TERMINAL : IN_FILE);
    if (!due && !(over && shown > start)) return;
    shown = now();
    const line = progressLine(progress, (now() - start) / 1000);
    out.write(out.isTerminal ? `\r${line}\x1b[K${over ? "\n" : ""}` : `${line}\n`);
  };
}

function progressLine(
  { done, failed, total, answered, tokens, reasons }: RunProgress,
  seconds: number,
): string {
  const failures = failed > 0 ? `, ${failed} failed (${[...reasons.keys()].at(-1)?.slice(0, 60)})` : "";
  const left = answered > 0 ? (total - done - failed) * seconds / answered : null;
  const rate = tokens > 0 ? `, ${rounded(tokens / Math.max(seconds, 0.001))} tokens/s` : "";
  return `${done}/${total} samples${failures}${rate}${left === null ? "" : `, ${duration(left)} left`}`;
}

function rounded(rate: number): string {
  return rate < 9.95 ? rate.toFixed(1) : rate.toFixed(0);
}

/** 75 s as `1 min 15 s`. */
function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min`;
}

/** What a reader of the scores must know: answers that were empty, unread or all alike. */
export function warnings(benchmark: BenchmarkScore): string[] {
  const answers = benchmark.problems.reduce((sum, problem) => sum + problem.samples, 0);
  const several = benchmark.problems.filter((problem) => problem.samples > 1).length;
  const found: string[] = [];
  if (benchmark.no_answer > 0.05 * answers) {
    const why = [
      benchmark.empty > 0 ? `${benchmark.empty} answers are empty` : "",
      benchmark.truncated > 0 ? `${benchmark.truncated} were cut off by the token limit` : "",
    ].filter((part) => part !== "").join(", ");
    const share = percent(benchmark.no_answer / answers);
    found.push(
      `WARNING: no final answer could be read in ${benchmark.no_answer} of ${answers} answers to ${benchmark.name} ` +
        `(${share} %)${
          why === "" ? "" : `; ${why}`
        }. They count as wrong: look at the rows before you believe the score`,
    );
  }
  if (benchmark.from_reasoning > 0) {
    found.push(
      `note: ${benchmark.from_reasoning} of ${answers} answers to ${benchmark.name} had no content; ` +
        "the server's reasoning was graded instead",
    );
  }
  if (benchmark.unknown_prompts > 0) {
    found.push(`WARNING: ${unknownPrompts(benchmark)}`);
  }
  if (benchmark.sampling.temperature >= 0.1 && several >= 2 && benchmark.identical_problems >= several / 2) {
    found.push(
      `warning: all samples of ${benchmark.identical_problems} of ${several} ${benchmark.name} problems are alike at ` +
        `temperature ${benchmark.sampling.temperature}: the server seems to ignore seed or temperature`,
    );
  }
  return found;
}

/** Explains what is missing or below a bound; 0 when all is well. */
export function exitCode(
  options: EvaluateOptions,
  result: EvaluationResult,
  missing: number,
  progress: RunProgress,
  aborted: boolean,
): number {
  if (missing > 0) {
    const how = options.completions !== undefined
      ? "they count neither as right nor as wrong"
      : options.out || options.journal
      ? "the same command continues from here"
      : "pass --out to be able to continue";
    const word = aborted || progress.stopped !== null ? "Stopped" : "Incomplete";
    console.error(`${word}: ${missing} of ${progress.total} samples are missing; ${how}`);
    if (progress.stopped !== null) console.error(`  ${progress.stopped}`);
    const reasons = [...progress.reasons].sort(([, a], [, b]) => b - a);
    for (const [reason, count] of reasons.slice(0, 5)) console.error(`  ${count}: ${reason}`);
    if (reasons.length > 5) console.error(`  and ${reasons.length - 5} more reasons, in the journal`);
    if (!options.allowPartial) return aborted ? 130 : 1;
  }
  for (const bound of options.min ?? []) {
    const [name, least] = bound.split("=") as [string, string];
    const benchmark = result.benchmarks.find((entry) => entry.name === name);
    if (benchmark && benchmark.pass_at_1 >= Number(least)) continue;
    const current = benchmark ? percent(benchmark.pass_at_1) : "no score";
    console.error(`${name} is below the minimum of ${percent(Number(least))} %: current value is ${current}`);
    return 1;
  }
  return 0;
}
