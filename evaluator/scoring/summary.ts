// From scored samples to the evaluation result: one entry a benchmark with intervals, entries for its
// levels, and the counts of every problem, which is all that a later comparison needs.

import { equivalence } from "#shared/verify/mod.ts";
import type { BenchmarkScore, ConfidenceInterval, EvaluationResult } from "#shared/schemas/evaluation.ts";
import { mean } from "#shared/statistics.ts";
import { type BenchmarkProblem, firstLetter } from "#shared/tasks/questions.ts";
import type { Task } from "#shared/tasks/task.ts";
import { gPassAtK, majorityVotes, meanGPassAtK, passAtK } from "../statistics/estimators.ts";
import { averageInterval, scoreInterval } from "../statistics/intervals.ts";
import type { ScoredSample } from "./score.ts";

type ProblemCounts = BenchmarkScore["problems"][number];

/** Work of one comparison of two votes, in the verifier's units, where it is not counted. */
const COMPARISON = 2000;

/** Sums one task up, problem by problem, and keeps counts only. */
export class Summary {
  readonly #task: Task;
  readonly #problems = new Map<string, ProblemCounts>();
  readonly #majorities = new Map<string, number>();
  readonly #counts = {
    no_answer: 0,
    empty: 0,
    undecided: 0,
    unverifiable_gold: 0,
    truncated: 0,
    from_reasoning: 0,
    unknown_prompts: 0,
  };
  #unknownWord: string | null = null;
  #identical = 0;
  #tokens: number | null = 0;
  #promptTokens: number | null = 0;
  samples = 0;

  constructor(task: Task) {
    this.#task = task;
  }

  /** Adds all samples of one problem. `pause` is called between comparisons of its votes. */
  async add(
    problem: BenchmarkProblem,
    unordered: readonly ScoredSample[],
    pause?: (fuel: number) => Promise<void> | void,
  ): Promise<void> {
    const { checkTrace, verify } = this.#task;
    const samples = unordered.toSorted((a, b) => a.repeat - b.repeat);
    this.samples += samples.length;
    const count = (holds: (sample: ScoredSample) => boolean): number => samples.filter(holds).length;
    this.#problems.set(problem.id, {
      id: problem.id,
      level: problem.level,
      samples: samples.length,
      correct: count(({ score }) => score.verdict === true),
      trace_correct: checkTrace ? count(({ score }) => score.trace_correct === true) : null,
    });
    const found = this.#counts;
    found.no_answer += count(({ score }) => score.extracted === null);
    found.empty += count(({ text, reasoning = "" }) => text.trim() === "" && reasoning.trim() === "");
    found.undecided += count(({ score }) => score.verdict === "undecided");
    found.unverifiable_gold += count(({ score }) => score.verdict === null);
    found.truncated += count(({ finish_reason }) => finish_reason === "length");
    found.from_reasoning += count(({ graded }) => graded === "reasoning");
    const [unknown] = samples.flatMap(({ unknown_word = [] }) => unknown_word);
    if (unknown !== undefined) found.unknown_prompts++;
    this.#unknownWord ??= unknown ?? null;
    const texts = new Set(samples.map(({ text, reasoning = "" }) => `${reasoning}\n${text}`));
    if (samples.length > 1 && texts.size === 1) this.#identical++;
    for (const { tokens, prompt_tokens } of samples) {
      this.#tokens = this.#tokens === null || tokens === null ? null : this.#tokens + tokens;
      this.#promptTokens = this.#promptTokens === null || prompt_tokens === undefined
        ? null
        : this.#promptTokens + prompt_tokens;
    }
    const votes = samples.map(({ repeat, score }) => ({
      answer: score.extracted === null ? null : firstLetter(problem, repeat, score.extracted),
      correct: score.verdict === true,
    }));
    const equal = equivalence(verify);
    const byText = problem.choices !== undefined || this.#task.ownGrader !== undefined;
    const same = (a: string, b: string) => !byText && equal(a, b); // the same text is one vote anyway
    const steps = majorityVotes(votes, votes.length, same);
    for (let step = steps.next();; step = steps.next()) {
      if (step.done) {
        this.#majorities.set(problem.id, step.value);
        break;
      }
      await pause?.(COMPARISON);
    }
  }

  /** The entry of the benchmark. Throws when there is no sample at all. */
  finish(taskHash: string): BenchmarkScore {
    const task = this.#task;
    if (this.samples === 0) {
      throw new RangeError(`Cannot score ${task.name} as none of its samples is finished`);
    }
    const problems = task.problems.flatMap(({ id }) => this.#problems.get(id) ?? []);
    const majorities = problems.map(({ id }) => this.#majorities.get(id) as number);
    const levels = [...new Set(problems.map((problem) => problem.level))].filter((level) => level !== null);
    const scores = scoresOf(problems);
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
        ...scoresOf(problems.filter((problem) => problem.level === level)),
      })),
      missing: task.problems.length * task.samples - this.samples,
      ...this.#counts,
      unknown_word: this.#unknownWord,
      identical_problems: this.#identical,
      generated_tokens: this.#tokens,
      prompt_tokens: this.#promptTokens,
      preset: task.preset,
      verifier: task.ownGrader?.name ?? task.verify,
      task_hash: taskHash,
      sampling: { ...task.sampling, stop: [...task.sampling.stop] },
      problems,
    };
  }
}

/** Summarises one task from all its scored samples, in any order. Throws when there is none at all. */
export async function summarise(
  task: Task,
  taskHash: string,
  scored: readonly ScoredSample[],
): Promise<BenchmarkScore> {
  const summary = new Summary(task);
  const byProblem = Map.groupBy(scored, (sample) => sample.problem_id);
  for (const problem of task.problems) {
    const samples = byProblem.get(problem.id);
    if (samples) await summary.add(problem, samples);
  }
  return summary.finish(taskHash);
}

/** The unweighted averages over benchmarks, with the interval that follows from theirs. */
export function averagesOf(
  benchmarks: readonly BenchmarkScore[],
): Pick<EvaluationResult, "average" | "average_interval_95" | "average_trace_accuracy"> {
  const traces = benchmarks.map((benchmark) => benchmark.trace_accuracy);
  const interval = averageInterval(
    benchmarks.map(({ pass_at_1, interval_95: [low, high] }) => ({ mean: pass_at_1, low, high })),
  );
  return {
    average: mean(benchmarks.map((benchmark) => benchmark.pass_at_1)),
    average_interval_95: tuple(interval),
    average_trace_accuracy: traces.some((trace) => trace === null) ? null : mean(traces as number[]),
  };
}

function scoresOf(problems: readonly ProblemCounts[]) {
  const shares = problems.map(({ correct, samples }) => ({ correct, samples }));
  const traces = problems.flatMap(({ trace_correct, samples }) =>
    trace_correct === null ? [] : [{ correct: trace_correct, samples }]
  );
  const traced = traces.length === problems.length;
  const share = (counts: typeof shares): number =>
    mean(counts.map(({ correct, samples }) => correct / samples));
  return {
    n: problems.length,
    pass_at_1: share(shares),
    interval_95: tuple(scoreInterval(shares)),
    trace_accuracy: traced ? share(traces) : null,
    trace_interval_95: traced ? tuple(scoreInterval(traces)) : null,
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

function tuple({ low, high }: { low: number; high: number }): ConfidenceInterval {
  return [Math.max(0, low), Math.min(1, high)];
}

function byLevel(a: string | number, b: string | number): number {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1;
}
