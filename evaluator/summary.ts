// From scored samples to the evaluation result: one entry a benchmark with intervals, entries for its
// levels, and the counts of every problem, which is all that a later comparison needs.

import { equivalent } from "#shared/verify/mod.ts";
import type { BenchmarkScore, EvaluationResult, Interval } from "#shared/schemas/evaluation.ts";
import { mean } from "#shared/statistics.ts";
import { firstLetter } from "./benchmarks/benchmark.ts";
import type { SampleRecord } from "./sample.ts";
import { gPassAtK, majorityAtK, meanGPassAtK, passAtK } from "./statistics/estimators.ts";
import { scoreInterval, stratifiedBootstrap } from "./statistics/intervals.ts";
import type { Score, Task } from "./task.ts";

/** A finished sample with its score. */
export interface ScoredSample extends SampleRecord {
  score: Score;
}

type ProblemCounts = BenchmarkScore["problems"][number];

/** Summarises one task from its scored samples, in any order. Throws when there is none at all. */
export function summarise(task: Task, taskHash: string, scored: readonly ScoredSample[]): BenchmarkScore {
  if (scored.length === 0) {
    throw new RangeError(`Cannot score ${task.name} as not one of its samples is finished`);
  }
  const byProblem = Map.groupBy(scored, (sample) => sample.problem_id);
  const ordered = task.problems.flatMap((problem) => {
    const samples = byProblem.get(problem.id)?.toSorted((a, b) => a.repeat - b.repeat);
    return samples === undefined ? [] : [{ problem, samples }];
  });
  const problems = ordered.map(({ problem, samples }): ProblemCounts => ({
    id: problem.id,
    level: problem.level,
    samples: samples.length,
    correct: samples.filter((sample) => sample.score.verdict === true).length,
    trace_correct: task.checkTrace ? samples.filter((sample) => sample.score.trace_correct).length : null,
  }));
  const majorities = ordered.map(({ problem, samples }) =>
    majorityAtK(
      samples.map(({ repeat, score }) => ({
        answer: score.extracted === null ? null : firstLetter(problem, repeat, score.extracted),
        correct: score.verdict === true,
      })),
      samples.length,
      (a, b) => problem.choices === undefined && equivalent(a, b, task.verify),
    )
  );
  const levels = [...new Set(problems.map((problem) => problem.level))].filter((level) => level !== null);
  const count = (holds: (sample: ScoredSample) => boolean): number => scored.filter(holds).length;
  const scores = scoresOf(problems, task.samples);
  return {
    name: task.name,
    title: task.title,
    ...scores,
    k: task.samples,
    avg_at_k: scores.pass_at_1,
    pass_at: passAt(problems, task.samples),
    maj_at_k: mean(majorities),
    stability: stability(problems, task.samples),
    per_level: levels.sort(byLevel).map((level) => ({
      level,
      ...scoresOf(problems.filter((problem) => problem.level === level), task.samples),
    })),
    missing: task.problems.length * task.samples - scored.length,
    no_answer: count((sample) => sample.score.extracted === null),
    undecided: count((sample) => sample.score.verdict === "undecided"),
    unverifiable_gold: count((sample) => sample.score.verdict === null),
    truncated: count((sample) => sample.finish_reason === "length"),
    generated_tokens: scored.some((sample) => sample.tokens === null)
      ? null
      : scored.reduce((sum, sample) => sum + (sample.tokens ?? 0), 0),
    preset: task.preset,
    verifier: task.verify,
    task_hash: taskHash,
    sampling: { ...task.sampling, stop: [...task.sampling.stop] },
    problems,
  };
}

/** The unweighted averages over benchmarks, their interval by a bootstrap over problems within each. */
export function averagesOf(
  benchmarks: readonly BenchmarkScore[],
): Pick<EvaluationResult, "average" | "average_interval_95" | "average_trace_accuracy"> {
  const traces = benchmarks.map((benchmark) => benchmark.trace_accuracy);
  const [only] = benchmarks;
  const interval: Interval = benchmarks.length === 1 && only ? only.interval_95 : tuple(
    stratifiedBootstrap(benchmarks.map((benchmark) => benchmark.problems.map((p) => p.correct / p.samples))),
  );
  return {
    average: mean(benchmarks.map((benchmark) => benchmark.pass_at_1)),
    average_interval_95: interval,
    average_trace_accuracy: traces.some((trace) => trace === null) ? null : mean(traces as number[]),
  };
}

function scoresOf(problems: readonly ProblemCounts[], samplesEach: number) {
  const shares = problems.map((problem) => problem.correct / problem.samples);
  const traces = problems.flatMap((p) => p.trace_correct === null ? [] : [p.trace_correct / p.samples]);
  const traced = traces.length === problems.length;
  return {
    n: problems.length,
    pass_at_1: mean(shares),
    interval_95: tuple(scoreInterval(shares, samplesEach)),
    trace_accuracy: traced ? mean(traces) : null,
    trace_interval_95: traced ? tuple(scoreInterval(traces, samplesEach)) : null,
  };
}

/** Unbiased pass@1, @2, @4 ... @k over the problems that have all their samples. */
function passAt(problems: readonly ProblemCounts[], samples: number): Record<string, number> {
  const complete = problems.filter((problem) => problem.samples === samples);
  const result: Record<string, number> = {};
  for (let k = 1; k <= samples && complete.length > 0; k = k * 2 > samples && k < samples ? samples : k * 2) {
    result[k] = mean(complete.map((problem) => passAtK(samples, problem.correct, k)));
  }
  return result;
}

/** G-Pass@j for half of the k samples: whether a model that can solve a problem does so again and again. */
function stability(problems: readonly ProblemCounts[], samples: number): BenchmarkScore["stability"] {
  const k = Math.floor(samples / 2);
  const complete = problems.filter((problem) => problem.samples === samples);
  if (k < 2 || complete.length === 0) return null;
  const gPass = (tau: number): number => mean(complete.map((p) => gPassAtK(samples, p.correct, k, tau)));
  return {
    k,
    g_pass: { "0.5": gPass(0.5), "0.75": gPass(0.75), "1.0": gPass(1) },
    mg_pass: mean(complete.map((p) => meanGPassAtK(samples, p.correct, k))),
  };
}

function tuple({ low, high }: { low: number; high: number }): Interval {
  return [Math.max(0, low), Math.min(1, high)];
}

function byLevel(a: string | number, b: string | number): number {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1;
}
