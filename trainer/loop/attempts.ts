// One problem of a step: the prompts to sample it under, first without a hint or at the stage it starts at, then with
// the next hint, and what its completions were worth.
//
// A group keeps the prompt that its completions were sampled under: what one group needs never touches another.

import type { GuidanceLevel } from "#shared/schemas/guidance.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { Completion } from "#shared/schemas/rollout.ts";
import { buildPrompt, type PromptStyle } from "#shared/text/prompts.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { combineRewards } from "../ghpo/advantage.ts";
import { successRate } from "../ghpo/difficulty.ts";
import { hintAt } from "../ghpo/hint.ts";
import type { Guidance } from "../ghpo/strategies/types.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";
import { decidingReward, type Reward, successOf } from "./rewards.ts";

/** What says how a problem becomes prompts. */
export interface AttemptSetting {
  recipe: TrainRecipe;
  tokenizer: Tokenizer;
  /** Tokens that a prompt may have. */
  promptBudget: number;
}

/** Completions that were sampled under one prompt. */
export interface Part {
  guidance: GuidanceLevel;
  prompt: string;
  prompt_ids: number[];
  completions: Completion[];
}

/** One problem of a step. Its parts share one advantage baseline; without un-hinted replicas there is one part. */
export interface Attempt {
  problem: Problem;
  plain: { prompt: string; prompt_ids: number[] };
  parts: Part[];
  /** The reward that says what is solved. */
  deciding: ReturnType<typeof decidingReward>;
  /** Success rate of the un-hinted group; null when none was sampled or the answer cannot be verified. */
  accuracyUnhinted: number | null;
  /** Whether the first group of this step was difficult, and the stages that were sampled because of that. */
  difficult: boolean;
  escalations: number[];
  /** Whether all rewards are equal: in the first group, and in the one that is trained on. */
  zeroStdBefore: boolean;
  zeroStd: boolean;
}

/** A problem before anything was sampled for it. Throws when its prompt is longer than the budget. */
export function newAttempt(setting: AttemptSetting, problem: Problem): Attempt {
  const plain = buildPrompt(setting.tokenizer, problem.text, "", style(setting.recipe));
  if (plain.prompt_ids.length > setting.promptBudget) {
    throw new RangeError(
      `Cannot train on problem ${problem.id} as its prompt must have at most ${setting.promptBudget} tokens: ` +
        `current length is ${plain.prompt_ids.length}`,
    );
  }
  return {
    problem,
    plain,
    parts: [],
    deciding: decidingReward(setting.recipe.reward),
    accuracyUnhinted: null,
    difficult: false,
    escalations: [],
    zeroStdBefore: false,
    zeroStd: false,
  };
}

/** A part and how many completions it is to get. */
export interface PartToSample {
  attempt: Attempt;
  part: Part;
  samples: number;
}

/** The first parts to sample: un-hinted, or at the stage that the problem starts at. */
export function firstParts(setting: AttemptSetting, guidance: Guidance, attempt: Attempt): PartToSample[] {
  const level = levelAt(setting, guidance, attempt.problem, guidance.startStage(attempt.problem));
  if (level.hint !== "") return hinted(setting, attempt, level);
  const part = { guidance: { ...level, stage: 0, ratio: 0 }, ...attempt.plain, completions: [] };
  attempt.parts = [part];
  return [{ attempt, part, samples: setting.recipe.generation.num_generations }];
}

/** The parts to sample at the next stage that shows more than the last one did; none when there is no such stage. */
export function nextParts(setting: AttemptSetting, guidance: Guidance, attempt: Attempt): PartToSample[] {
  const current = attempt.parts.at(-1)!.guidance;
  for (let stage = current.stage + 1; stage <= guidance.ratios.length; stage++) {
    const level = levelAt(setting, guidance, attempt.problem, stage);
    if (level.hint.length <= current.hint.length) continue;
    attempt.escalations.push(level.stage);
    return hinted(setting, attempt, level);
  }
  return [];
}

/** Makes a hinted part the end of an attempt; the first un-hinted completions stay with it as replicas. */
function hinted(setting: AttemptSetting, attempt: Attempt, level: GuidanceLevel): PartToSample[] {
  const { recipe, tokenizer } = setting;
  const replicas = recipe.ghpo.unhinted_replicas;
  const built = buildPrompt(tokenizer, attempt.problem.text, level.hint, style(recipe));
  const part: Part = { guidance: level, ...built, completions: [] };
  const todo = [{ attempt, part, samples: recipe.generation.num_generations - replicas }];
  const kept: Part[] = [];
  if (replicas > 0) {
    const before = attempt.parts.find(({ guidance }) => guidance.stage === 0);
    const guidance = { ...level, stage: 0, ratio: 0, hint: "", leak: false };
    const plain = before ?? { guidance, ...attempt.plain, completions: [] };
    if (before === undefined) todo.unshift({ attempt, part: plain, samples: replicas });
    kept.push(
      before === undefined ? plain : { ...before, completions: before.completions.slice(0, replicas) },
    );
  }
  attempt.parts = [...kept, part];
  return todo;
}

function levelAt(
  setting: AttemptSetting,
  { ratios }: Guidance,
  problem: Problem,
  stage: number,
): GuidanceLevel {
  const { recipe, tokenizer, promptBudget } = setting;
  return hintAt(problem, stage, stage === 0 ? 0 : ratios[stage - 1]!, {
    cut: recipe.ghpo.hint_cut,
    leakGuard: recipe.ghpo.leak_guard,
    tokenPieces: (text) => tokenizer.pieces(text),
    fits: (hint) =>
      buildPrompt(tokenizer, problem.text, hint, style(recipe)).prompt_ids.length <= promptBudget,
  });
}

function style(recipe: TrainRecipe): PromptStyle {
  const { hint_glue: glue, hint_placement: placement } = recipe.ghpo;
  return { ...recipe.prompt, glue, placement };
}

/** Success of each completion of an attempt, by the reward that decides what is difficult. */
export function accuracies({ parts, deciding }: Attempt): (number | null)[] {
  return parts.flatMap((part) => part.completions.map((completion) => successOf(completion, deciding)));
}

/** The largest stage among an attempt's parts: 0 when it ended without a hint. */
export function finalStage(attempt: Attempt): number {
  return Math.max(...attempt.parts.map((part) => part.guidance.stage));
}

/** Success rate of the un-hinted completions; null where there are none. */
export function unhintedAccuracy(attempt: Attempt): number | null {
  const plain = attempt.parts.find(({ guidance }) => guidance.stage === 0);
  if (plain === undefined) return null;
  return successRate(plain.completions.map((completion) => successOf(completion, attempt.deciding)));
}

/** The weighted reward of each completion of an attempt. */
export function totals(attempt: Attempt, rewards: readonly Reward[]): (number | null)[] {
  const weights = rewards.map((reward) => reward.weight);
  return attempt.parts.flatMap((part) =>
    part.completions.map((c) => combineRewards(rewards.map(({ name }) => c.rewards[name]!), weights))
  );
}
