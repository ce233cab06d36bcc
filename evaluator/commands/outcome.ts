// What a run reports besides the scores: progress, warnings and the exit code.

import type { EvaluationResult } from "#shared/schemas/evaluation.ts";
import type { Progress } from "../run.ts";
import type { ScoredSample } from "../summary.ts";
import { percent } from "../table.ts";
import type { Task } from "../task.ts";
import type { EvaluateOptions } from "./options.ts";

/** A progress line on stderr, if that is a terminal. */
export function showProgress(): ((progress: Progress) => void) | undefined {
  if (!Deno.stderr.isTerminal()) return undefined;
  const start = performance.now();
  const encoder = new TextEncoder();
  return ({ done, failed, total, tokens }) => {
    const rate = tokens / Math.max(1, performance.now() - start) * 1000;
    const failures = failed > 0 ? `, ${failed} failed` : "";
    Deno.stderr.writeSync(
      encoder.encode(`\r${done}/${total} samples${failures}, ${rate.toFixed(0)} tokens/s `),
    );
    if (done + failed === total) Deno.stderr.writeSync(encoder.encode("\n"));
  };
}

/** Whether sampling at a temperature gave every problem only one text: the k samples are then one. */
export function repeatsItself(task: Task, scored: readonly ScoredSample[]): boolean {
  if (task.samples < 2 || task.sampling.temperature < 0.1) return false;
  const problems = Map.groupBy(scored, (sample) => sample.problem_id);
  return problems.size >= 5 &&
    [...problems.values()].every((samples) =>
      samples.length > 1 && new Set(samples.map(({ text }) => text)).size === 1
    );
}

/** Explains what is missing or below a bound; 0 when all is well. */
export function exitCode(
  options: EvaluateOptions,
  result: EvaluationResult,
  progress: Progress,
  aborted: boolean,
): number {
  const missing = progress.total - progress.done;
  if (missing > 0) {
    const how = options.out || options.journal
      ? "the same command continues from here"
      : "pass --out to be able to continue";
    const why = progress.reason === null ? "" : ` (${progress.reason})`;
    console.error(
      `${
        aborted ? "Stopped" : "Incomplete"
      }: ${missing} of ${progress.total} samples are missing${why}; ${how}`,
    );
    if (!options.allowPartial) return aborted ? 130 : 1;
  }
  for (const bound of options.min ?? []) {
    const [name, least] = bound.split("=") as [string, string];
    const benchmark = result.benchmarks.find((entry) => entry.name === name);
    if (benchmark && benchmark.pass_at_1 >= Number(least)) continue;
    const current = benchmark ? percent(benchmark.pass_at_1) : "no score";
    console.error(`${name} is below its bound of ${percent(Number(least))} %: current value is ${current}`);
    return 1;
  }
  return 0;
}
