// What a recipe requires of its problems, `train` and `sft` alike.

import type { Context } from "#shared/engine/model/context.ts";
import type { SftRecipe } from "#shared/schemas/recipe/sft.ts";
import type { AnswerFormat } from "#shared/text/answer_format.ts";
import type { PromptStyle } from "#shared/text/prompts.ts";
import type { Cut } from "../ghpo/hint.ts";
import type { CustomParts } from "../library/custom_parts.ts";
import { STRATEGIES, strategyNamed } from "../ghpo/strategies/index.ts";
import { decidingReward, loadRewards, type Reward } from "../loop/rewards.ts";
import { askedFormat, sftFormat } from "../loop/targets.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

export interface Limit {
  tokens: number;
  /** The setting, or what of the model, that sets it. */
  name: string;
}

export interface Requirements {
  style: PromptStyle;
  /** Shares of the solution that hints show, and how they are cut. */
  ratios: readonly number[];
  cut: Cut;
  leakGuard: boolean;
  /** The form of answers that is asked for. */
  format: AnswerFormat | "own" | null;
  /** Whether a problem without a solution cannot be trained on. */
  needsSolutions: boolean;
  /** Null without a model. */
  prompt: Limit | null;
  /** Of the solution alone (`train`), or of prompt and solution (`sft`). */
  target: (Limit & { of: "completion" | "sequence" }) | null;
  /** Empty for `sft`. */
  rewards: readonly Reward[];
  /** The reward that says what is solved, and from which value on; null for `sft`. */
  deciding: { name: string; threshold: number | null } | null;
  onLongPrompt: "drop" | "error";
}

/** Throws for reward functions that cannot be loaded. */
export async function trainRequirements(
  recipe: TrainRecipe,
  context: Context | null,
  { rewards, strategies = [] }: CustomParts = {},
): Promise<Requirements> {
  const { ghpo, generation, prompt, train } = recipe;
  const most = generation.max_completion_length;
  const completion = { tokens: most, name: "generation.max_completion_length", of: "completion" } as const;
  const strategy = strategyNamed(recipe.algorithm, [...STRATEGIES, ...strategies]);
  return {
    style: { ...prompt, glue: ghpo.hint_glue, placement: ghpo.hint_placement },
    ratios: strategy?.next(ghpo.cold_start_steps, strategy.begin(recipe), recipe).ratios ?? [],
    cut: ghpo.hint_cut,
    leakGuard: ghpo.leak_guard,
    format: askedFormat(recipe) ?? "own",
    needsSolutions: strategy === undefined,
    prompt: context && promptLimit(recipe, context),
    target: strategy === undefined && context !== null
      ? { ...sequenceLimit(context, train.micro_batch_tokens, "train.micro_batch_tokens"), of: "sequence" }
      : completion,
    rewards: await loadRewards(recipe, rewards),
    deciding: decidingReward(recipe.reward),
    onLongPrompt: recipe.data.on_long_prompt,
  };
}

export function sftRequirements(recipe: SftRecipe, context: Context | null): Requirements {
  const { sft, prompt } = recipe;
  return {
    style: { ...prompt, glue: sft.hint_glue, placement: "user" },
    ratios: sft.hinted_fraction > 0 ? [1] : [],
    cut: sft.hint_cut,
    leakGuard: false,
    format: sftFormat(recipe),
    needsSolutions: true,
    prompt: context && { tokens: prompt.max_prompt_length, name: "prompt.max_prompt_length" },
    target: context &&
      { ...sequenceLimit(context, sft.micro_batch_tokens, "sft.micro_batch_tokens"), of: "sequence" },
    rewards: [],
    deciding: null,
    onLongPrompt: recipe.data.on_long_prompt,
  };
}

/** The most tokens that a prompt and its solution may have together, to fit the model and a micro-batch. */
export function sequenceLimit(context: Context, micro_batch_tokens: number, setting: string): Limit {
  return context.tokens <= micro_batch_tokens
    ? { tokens: context.tokens, name: `the model's ${context.name}` }
    : { tokens: micro_batch_tokens, name: setting };
}

/** The most tokens that a prompt may have, so that prompt and completion fit the model and a micro-batch. */
export function promptLimit(
  { prompt, generation, train }: Pick<TrainRecipe, "prompt" | "generation" | "train">,
  context: Context,
): Limit {
  const completion = generation.max_completion_length;
  const limits: Limit[] = [
    { tokens: prompt.max_prompt_length, name: "prompt.max_prompt_length" },
    { tokens: context.tokens - completion, name: `the model's ${context.name} less the completion's length` },
    {
      tokens: train.micro_batch_tokens - completion,
      name: "train.micro_batch_tokens less the completion's length",
    },
  ];
  const limit = limits.reduce((least, each) => each.tokens < least.tokens ? each : least);
  if (limit.tokens >= 1) return limit;
  throw new RangeError(
    `Cannot train as generation.max_completion_length must be below the model's ${context.name} of ${context.tokens} ` +
      `tokens and train.micro_batch_tokens (${train.micro_batch_tokens}): current value is ${completion}`,
  );
}
