// Reward functions: what a completion is worth. "accuracy" and "format" are the shared verifier; any other name in a
// recipe is the path of a module of your own:
//
//   import type { RewardFunction } from "./rewards.ts";
//   export const reward: RewardFunction = ({ completion }) => completion.length < 200 ? 1 : 0;

import { basename, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  accuracyReward,
  type FormatKind,
  formatReward,
  type PresetName,
  presets,
  verify,
} from "#shared/verify/mod.ts";
import { checkTrace } from "#shared/problems/synthetic.ts";
import { markedGold } from "#shared/problems/gold.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { FinishReason } from "#shared/schemas/rollout.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

export interface RewardInput {
  problem: Problem;
  /** The whole answer: what was generated, behind what the assistant's turn began with: "<think>" of a chat template, the hint. */
  completion: string;
  /** The beginning of the trace that the prompt showed, wherever it stood, and what was generated behind it. */
  solution: string;
  ids: readonly number[];
  finish_reason: FinishReason;
}

/** Larger is better; null where the function has no opinion, which leaves it out of the sum. */
export type RewardFunction = (input: RewardInput) => number | null | Promise<number | null>;

export interface Reward {
  /** The key under which values are stored and logged. */
  name: string;
  weight: number;
  call: RewardFunction;
  /** Whether a completion has an answer at all, right or not; only of the grader of answers. */
  finds?: (completion: string) => boolean;
}

/**
 * The reward functions of a recipe, in its order; one of a name in `own` comes from there. Throws for a module that is
 * missing or has no `reward`.
 */
export async function loadRewards(
  recipe: TrainRecipe["reward"],
  own: Readonly<Record<string, RewardFunction>> = {},
): Promise<Reward[]> {
  const unused = Object.keys(own).find((name) => !recipe.functions.includes(name));
  if (unused !== undefined) {
    throw new TypeError(
      `Cannot use the reward function ${unused} as reward.functions must list it: current value is ` +
        recipe.functions.join(", "),
    );
  }
  if (recipe.functions[0] !== "accuracy") {
    throw new TypeError(
      "Cannot use reward.functions as the first must be accuracy, which decides what is difficult: " +
        `current value is ${recipe.functions[0]}`,
    );
  }
  const rewards: Reward[] = [];
  for (const [index, function_] of recipe.functions.entries()) {
    const weight = recipe.weights[index]!;
    if (Object.hasOwn(own, function_)) {
      rewards.push({ name: function_, weight, call: checked(own[function_]!, function_) });
      continue;
    }
    const reward = { name: nameOf(function_), weight, call: await functionOf(function_, recipe) };
    rewards.push(function_ === "accuracy" ? { ...reward, finds: finderOf(recipe) } : reward);
  }
  const names = rewards.map((reward) => reward.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new TypeError(`Cannot use reward.functions as the name ${twice} appears twice`);
  }
  return rewards;
}

function nameOf(function_: string): string {
  return basename(function_, extname(function_));
}

async function functionOf(function_: string, recipe: TrainRecipe["reward"]): Promise<RewardFunction> {
  if (function_ === "accuracy") {
    if (recipe.check === "trace") return ({ problem, solution }) => bit(checkTrace(problem, solution));
    const preset = presetOf(recipe.preset);
    return ({ problem, completion }) =>
      accuracyReward(markedGold(problem.answer, preset), completion, preset);
  }
  if (function_ === "format") {
    const kind: FormatKind = recipe.format;
    return ({ completion }) => formatReward(kind, completion);
  }
  return await moduleReward(function_);
}

/** The gold does not matter: what the grader takes for the answer does. */
function finderOf(recipe: TrainRecipe["reward"]): (completion: string) => boolean {
  const preset = presetOf(recipe.preset);
  return (completion) => verify(markedGold("0", preset), completion, preset).extracted !== null;
}

function bit(right: boolean | null): number | null {
  return right === null ? null : Number(right);
}

function presetOf(name: string): PresetName {
  if (name in presets) return name as PresetName;
  throw new TypeError(
    `Cannot use reward.preset "${name}" as no grader has that name: use ${Object.keys(presets).join(", ")}`,
  );
}

async function moduleReward(path: string): Promise<RewardFunction> {
  let module: { reward?: unknown };
  try {
    module = await import(pathToFileURL(resolve(path)).href);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new Error(`Cannot load the reward function ${path}: ${reason}`, { cause });
  }
  const { reward } = module;
  if (typeof reward !== "function") {
    throw new TypeError(`Cannot use the reward function ${path} as it exports no function named reward`);
  }
  return checked(reward as RewardFunction, path);
}

function checked(reward: RewardFunction, name: string): RewardFunction {
  return async (input) => {
    const value: unknown = await reward(input);
    if (value === null || (typeof value === "number" && Number.isFinite(value))) return value;
    throw new TypeError(
      `Cannot use the reward function ${name} as it must return a finite number or null: ` +
        `current value is ${String(value)}`,
    );
  };
}
