// The result of an evaluation: what was run, on what, and the scores with their uncertainty.

import * as v from "valibot";
import { FinishReasonSchema } from "./rollout.ts";
import { count, fraction, name, nonNegative, positiveCount, seed, sha256, timestamp } from "./values.ts";

/** Lower and upper end of a 95 % interval. */
export const IntervalSchema = v.pipe(
  v.strictTuple([fraction, fraction]),
  v.check(([low, high]) => low <= high, "must have its lower end first"),
);
export type Interval = v.InferOutput<typeof IntervalSchema>;

/** One sampled answer. */
export const EvaluationRowSchema = v.strictObject({
  benchmark: name,
  problem_id: name,
  level: v.nullable(count),
  /** 0 .. k-1. */
  sample: count,
  completion: v.string(),
  finish_reason: v.nullable(FinishReasonSchema),
  /** Generated tokens; null where the source does not say. */
  tokens: v.nullable(count),
  extracted: v.nullable(v.string()),
  gold: v.string(),
  verdict: v.nullable(v.union([v.boolean(), v.literal("undecided")])),
  /** Whether the whole trace is right; null where no checker knows the benchmark. */
  trace_correct: v.nullable(v.boolean()),
});
export type EvaluationRow = v.InferOutput<typeof EvaluationRowSchema>;

const ScoreEntries = {
  /** Problems. */
  n: positiveCount,
  /** Mean over problems of the share of right answers among their k samples (equal to avg@k). */
  pass_at_1: fraction,
  /** Interval of pass_at_1, problems being the sampling unit. */
  interval_95: IntervalSchema,
  /** Share of answers whose whole trace is right; null where no checker knows the benchmark. */
  trace_accuracy: v.nullable(fraction),
};

export const BenchmarkScoreSchema = v.strictObject({
  name,
  ...ScoreEntries,
  /** Samples a problem. */
  k: positiveCount,
  avg_at_k: fraction,
  /** Unbiased pass@j for some j <= k, keys such as "8"; absent without sampling. */
  pass_at: v.optional(v.record(v.string(), fraction)),
  trace_interval_95: v.nullable(IntervalSchema),
  per_level: v.array(v.strictObject({ level: count, ...ScoreEntries })),
  /** Answers that could not be compared (counted as wrong) and answers cut off by the token limit. */
  undecided: count,
  truncated: count,
  generated_tokens: v.nullable(count),
});
export type BenchmarkScore = v.InferOutput<typeof BenchmarkScoreSchema>;

export const EvaluationResultSchema = v.strictObject({
  format_version: v.literal(1),
  created_at: timestamp,
  /** Checkpoint directory, model name of a server, or completions file. */
  model: name,
  /** Digest of the weights, where they are files. */
  model_sha256: v.nullable(sha256),
  source: v.picklist(["checkpoint", "openai", "completions"]),
  /** Grader preset and protocol. */
  preset: name,
  sampling: v.strictObject({
    greedy: v.boolean(),
    temperature: nonNegative,
    max_tokens: positiveCount,
    /** Seed of the sampling; problems_seed makes the synthetic problems. */
    seed,
    problems_seed: v.nullable(seed),
  }),
  /** What generated the answers; null where they came from elsewhere. */
  engine: v.nullable(v.strictObject({
    runtime: name,
    adapter: name,
    driver: v.string(),
    kernel_variants: v.record(v.string(), v.string()),
  })),
  benchmarks: v.pipe(v.array(BenchmarkScoreSchema), v.minLength(1)),
  /** Unweighted mean of the benchmarks' pass_at_1. */
  average: fraction,
  duration_s: nonNegative,
  /** Path of the per-answer rows (JSONL of EvaluationRow) beside the result, or the rows themselves. */
  rows: v.union([name, v.array(EvaluationRowSchema)]),
});
export type EvaluationResult = v.InferOutput<typeof EvaluationResultSchema>;
