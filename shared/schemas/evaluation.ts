// The result of an evaluation: what was asked, of what, and the scores with their uncertainty.
// Everything but `run` is a function of the completions and the protocol, so scoring twice gives the same bytes.

import * as v from "valibot";
import { FinishReasonSchema } from "./rollout.ts";
import { count, fraction, name, nonNegative, positiveCount, seed, sha256, timestamp } from "./values.ts";

/** Lower and upper end of a 95 % interval. */
const IntervalSchema = v.pipe(
  v.strictTuple([fraction, fraction]),
  v.check(([low, high]) => low <= high, "must have its lower end first"),
);
export type ConfidenceInterval = v.InferOutput<typeof IntervalSchema>;

/** Difficulty (a number) or subject (a word) that groups the problems of a benchmark. */
const level = v.union([count, name]);

/** One sampled answer and how it was judged. */
export const EvaluationRowSchema = v.strictObject({
  benchmark: name,
  problem_id: name,
  level: v.nullable(level),
  /** 0 .. k-1. */
  sample: count,
  /** The question alone; "" in results written before it was kept. */
  question: v.optional(v.string(), ""),
  /** The prompt as chat messages joined by blank lines, or the text that was continued. */
  prompt: v.string(),
  completion: v.string(),
  /** The model's reasoning where the server sends it apart, and which of the two was graded. */
  reasoning: v.optional(v.string()),
  graded: v.optional(v.picklist(["completion", "reasoning"]), "completion"),
  /** null where the source gives another reason or none. */
  finish_reason: v.nullable(FinishReasonSchema),
  /** Generated tokens; null where the source does not say. */
  tokens: v.nullable(count),
  gold: v.string(),
  extracted: v.nullable(v.string()),
  /** Where in the graded text the extracted answer is. */
  span: v.nullable(v.strictTuple([count, count])),
  /** null: the gold answer cannot be verified. */
  verdict: v.nullable(v.union([v.boolean(), v.literal("undecided")])),
  /** The rule of the verifier that decided, and its reason. */
  tier: v.string(),
  reason: v.string(),
  /** Whether the whole trace is right; null where no checker knows the benchmark. */
  trace_correct: v.nullable(v.boolean()),
});
export type EvaluationRow = v.InferOutput<typeof EvaluationRowSchema>;

const ScoreEntries = {
  /** Problems. */
  n: positiveCount,
  /** Mean over problems of the share of right answers among their k samples (equal to avg@k). */
  pass_at_1: fraction,
  /** 95 % interval of pass_at_1, problems being the sampling unit (evaluator/statistics/intervals.ts). */
  interval_95: IntervalSchema,
  /** Share of answers that are right with a wholly right trace; null where no checker knows the benchmark. */
  trace_accuracy: v.nullable(fraction),
  trace_interval_95: v.nullable(IntervalSchema),
};

export const BenchmarkScoreSchema = v.strictObject({
  name,
  title: name,
  ...ScoreEntries,
  /** Samples a problem. */
  k: positiveCount,
  avg_at_k: fraction,
  /** Unbiased pass@j, keys "1", "2", "4", ... up to k. */
  pass_at: v.record(v.string(), fraction),
  /** Majority vote among the k samples, clustered by the verifier; ties count by their share. */
  maj_at_k: fraction,
  /** G-Pass@k (arXiv 2412.13147) at three thresholds and its mean mG-Pass@k; null below four samples. */
  stability: v.nullable(v.strictObject({
    k: positiveCount,
    g_pass: v.record(v.string(), fraction),
    mg_pass: fraction,
  })),
  per_level: v.array(v.strictObject({ level, ...ScoreEntries })),
  /** Samples that the run did not get (it is incomplete then); they count neither as right nor as wrong. */
  missing: count,
  /** Answers without a readable final answer, that could not be compared (both count as wrong), with a gold
   * that cannot be verified, and cut off by the token limit. */
  no_answer: count,
  /** Answers without any text, and those whose content was blank so that the reasoning was graded. */
  empty: v.optional(count, 0),
  from_reasoning: v.optional(count, 0),
  /** Problems whose prompt has characters unknown to the model's tokenizer, which read another text there; one of them. */
  unknown_prompts: v.optional(count, 0),
  unknown_word: v.optional(v.nullable(name), null),
  /** Problems whose samples all have the same text. */
  identical_problems: v.optional(count, 0),
  undecided: count,
  unverifiable_gold: count,
  truncated: count,
  generated_tokens: v.nullable(count),
  prompt_tokens: v.optional(v.nullable(count), null),
  /** Protocol preset, grader preset, and the hash of problems, golds and prompts. */
  preset: name,
  verifier: name,
  task_hash: sha256,
  sampling: v.strictObject({
    temperature: nonNegative,
    top_p: fraction,
    max_tokens: positiveCount,
    stop: v.array(v.string()),
  }),
  /** Right answers of every problem: what a paired comparison needs. */
  problems: v.array(v.strictObject({
    id: name,
    level: v.nullable(level),
    samples: positiveCount,
    correct: count,
    trace_correct: v.nullable(count),
  })),
});
export type BenchmarkScore = v.InferOutput<typeof BenchmarkScoreSchema>;

export const EvaluationResultSchema = v.strictObject({
  format_version: v.literal(1),
  /** Checkpoint directory, model name of a server, or completions file. */
  model: name,
  /** Digest of the weights, where they are files. */
  model_sha256: v.nullable(sha256),
  source: v.picklist(["checkpoint", "openai", "completions", "function"]),
  /** Seed of the sampling; problems_seed makes the synthetic problems. */
  seed,
  problems_seed: v.nullable(seed),
  /** false: some samples are missing, because the run was stopped or requests failed. */
  complete: v.boolean(),
  benchmarks: v.pipe(v.array(BenchmarkScoreSchema), v.minLength(1)),
  /** Unweighted means over the benchmarks, with the interval that follows from theirs. */
  average: fraction,
  average_interval_95: IntervalSchema,
  average_trace_accuracy: v.nullable(fraction),
  /** Path of the per-answer rows (JSONL of EvaluationRow) next to the result, or the rows themselves. */
  rows: v.union([name, v.array(EvaluationRowSchema)]),
  /** What differs between two runs that agree in everything above. */
  run: v.strictObject({
    created_at: timestamp,
    duration_s: nonNegative,
    /** What generated the answers; null where they came from elsewhere. */
    engine: v.nullable(v.strictObject({ runtime: name, adapter: name, kernels: v.optional(name) })),
    /** Generated tokens a second of this session, and the price where one was given. */
    tokens_per_second: v.optional(nonNegative),
    cost: v.optional(nonNegative),
  }),
});
export type EvaluationResult = v.InferOutput<typeof EvaluationResultSchema>;
