/**
 * Scores language models on problems with verifiable answers, as a library for Deno, Node, Bun and edge workers.
 *
 * ```ts
 * import { evaluate, table } from "@ghpo/evaluator";
 *
 * const result = await evaluate(
 *   { endpoint: "http://127.0.0.1:8000/v1", model: "qwen" },
 *   [{ name: "sums", problems: [{ id: "a", question: "What is 2+3?", answer: "5" }], samples: 4 }],
 *   { onProgress: ({ done, total }) => console.log(`${done}/${total}`), signal: AbortSignal.timeout(60_000) },
 * );
 * console.log(table(result), result.rows.filter(({ verdict }) => verdict !== true));
 * ```
 *
 * @module
 */

export { evaluate, type EvaluateOptions, type Evaluation, type Progress } from "./library/evaluate.ts";
export type {
  BenchmarkInput,
  FamilyName,
  Grade,
  Grader,
  OwnBenchmark,
  OwnProblem,
} from "./library/benchmarks.ts";
export type {
  Answer,
  Answering,
  Completions,
  Endpoint,
  GivenCompletion,
  Question,
  SourceInput,
} from "./library/sources.ts";
export { compareResults as compare, type Comparison } from "./scoring/comparison.ts";
export { evaluationTable as table } from "./scoring/table.ts";
export type { SampleRecord } from "./run/sample.ts";
export type { BenchmarkScore, EvaluationResult, EvaluationRow } from "#shared/schemas/evaluation.ts";
export type { Prompt, Sampling } from "#shared/tasks/sampling.ts";
