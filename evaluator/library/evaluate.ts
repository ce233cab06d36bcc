// `evaluate()`: asks a source the problems of some benchmarks, scores the answers and sums them up. No files, no
// clocks but the date: whatever should outlast the program is told to the callbacks.

import {
  type BenchmarkScore,
  type EvaluationResult,
  EvaluationResultSchema,
  type EvaluationRow,
} from "#shared/schemas/evaluation.ts";
import { parse } from "#shared/schemas/parse.ts";
import type { Sampling } from "#shared/tasks/sampling.ts";
import type { Task } from "#shared/tasks/task.ts";
import { requestsOf, type SampleRequest } from "../run/request.ts";
import { run, type RunProgress } from "../run/run.ts";
import { MemoryLog } from "../run/sample_log.ts";
import type { SampleRecord } from "../run/sample.ts";
import { scoreTask } from "../scoring/score_task.ts";
import { averagesOf } from "../scoring/summary.ts";
import { type BenchmarkInput, requireSettings, tasksOf } from "./benchmarks.ts";
import { openSource, type SourceInput } from "./sources.ts";

/** How far an evaluation is. */
export interface Progress {
  /** Samples that are finished, have failed for good, and are asked for in all. */
  done: number;
  failed: number;
  total: number;
}

export interface EvaluateOptions {
  /** Decides the seeds that are sent (default 0). */
  seed?: number;
  /** Generated families: seed of the problems (default 1), problems of each level (40), samples a problem (1). */
  problemsSeed?: number;
  perLevel?: number;
  samples?: number;
  /** Sampling of the generated families (default: greedy, 64 tokens). */
  sampling?: Partial<Sampling>;
  /** Samples of an earlier call, as `onSample` told them: they are not asked for again. */
  known?: Iterable<SampleRecord>;
  /** Called with each finished sample: keep it to be able to continue. */
  onSample?: (sample: SampleRecord) => void;
  /** Called after samples were finished or failed. */
  onProgress?: (progress: Progress) => void;
  /** Called with each scored answer; the result's `rows` are then empty. */
  onRow?: (row: EvaluationRow) => void;
  /** Ends the asking; what is finished is scored and returned. */
  signal?: AbortSignal;
}

/** The result as the command `evaluate` writes it, with the answers in it and what is missing. */
export interface Evaluation extends EvaluationResult {
  rows: EvaluationRow[];
  /** Requests that failed for good, by reason. */
  failures: Record<string, number>;
  /** Why the source was given up before the end, if it was. */
  stopped: string | null;
}

const OPTIONS = [
  ...["seed", "problemsSeed", "perLevel", "samples", "sampling"],
  ...["known", "onSample", "onProgress", "onRow", "signal"],
];

/**
 * Evaluates a source on some benchmarks. Samples that could not be had leave the result incomplete (`complete`,
 * `failures`, `stopped`); they are never counted as wrong.
 * @throws RangeError or TypeError where the arguments do not fit, before the first request.
 * @throws Error when there is no sample at all; the signal's reason when it was aborted before the first.
 */
export async function evaluate(
  source: SourceInput,
  benchmarks: readonly BenchmarkInput[],
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  requireSettings(options, OPTIONS, "the call");
  const { seed = 0, problemsSeed = 1, perLevel, samples, sampling = {}, onRow, onProgress } = options;
  const signal = options.signal ?? new AbortController().signal;
  const tasks = tasksOf(benchmarks, { problemsSeed, perLevel, samples, sampling });
  const opened = openSource(source, tasks);
  const begun = performance.now();
  const log = new MemoryLog(options.known ?? [], options.onSample ?? (() => {}));
  const total = tasks.reduce((sum, task) => sum + task.problems.length * task.samples, 0);
  const { identity } = opened.source;
  const progress = await run(
    opened.source,
    allRequests(tasks, identity, seed),
    total,
    log,
    signal,
    onProgress && (({ done, failed }) => onProgress({ done, failed, total })),
  );
  const rows: EvaluationRow[] = [];
  const scores: BenchmarkScore[] = [];
  for (const task of tasks) {
    const score = await scoreTask(task, requestsOf(task, identity, seed), ({ key }) => log.get(key), {
      onRow: onRow ?? ((row) => void rows.push(row)),
    });
    if (score) scores.push(score);
  }
  if (scores.length === 0) throw nothing(progress, signal);
  const result = parse(EvaluationResultSchema, {
    format_version: 1,
    model: opened.model,
    model_sha256: null,
    source: opened.kind,
    seed,
    problems_seed: tasks.some((task) => task.checkTrace) ? problemsSeed : null,
    complete: scores.length === tasks.length && scores.every(({ missing }) => missing === 0),
    benchmarks: scores,
    ...averagesOf(scores),
    rows,
    run: {
      created_at: new Date().toISOString(),
      duration_s: (performance.now() - begun) / 1000,
      engine: null,
    },
  }, "the evaluation result");
  return { ...result, rows, failures: Object.fromEntries(progress.reasons), stopped: progress.stopped };
}

async function* allRequests(
  tasks: readonly Task[],
  identity: Record<string, string>,
  seed: number,
): AsyncGenerator<SampleRequest> {
  for (const task of tasks) yield* requestsOf(task, identity, seed);
}

function nothing({ stopped, reasons }: RunProgress, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const [reason = "nothing was asked"] = [stopped, ...reasons.keys()].filter((why) => why !== null);
  return new Error(`Cannot score as no sample is finished: ${reason}`);
}
