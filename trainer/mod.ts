/**
 * Reinforcement learning from verifiable rewards through WebGPU, as a library for Bun.
 *
 * ```ts
 * import { train } from "ghpo";
 *
 * const { checkpoint } = await train({ model: "models/small", output_dir: "runs/one", algorithm: "ghpo" }, {
 *   problems: [{ text: "What is 2+3?", answer: 5, solution: "2+3=5" }],
 *   onStep: ({ step, reward }) => console.log(step, reward),
 * });
 * ```
 *
 * @module
 */

export {
  type RunOptions,
  type RunResult,
  sft,
  type SftOptions,
  train,
  type TrainOptions,
} from "./library/train.ts";
export { generate, type GenerateOptions } from "./library/generate.ts";
export type { Answer, Prompt } from "./library/open_model.ts";
export type { CustomParts, Listeners } from "./library/custom_parts.ts";
export type { ProblemInput, RecipeInput } from "./library/recipes.ts";
export { stateless, type Strategy, strategy, UNGUIDED } from "./ghpo/strategies/types.ts";
export type { RewardFunction, RewardInput } from "./loop/rewards.ts";
export type { Alert } from "#shared/schemas/alerts.ts";
export type { Metrics } from "#shared/schemas/metrics.ts";
export type { Problem } from "#shared/schemas/problem.ts";
export type { Completion, Group } from "#shared/schemas/rollout.ts";
