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
import { messageOf } from "#shared/text/format.ts";
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
  /** Not one of the built-in functions: it may need anything that a completion has. */
  own?: boolean;
  /** Calls that took too long since it was asked last; where there is a limit. */
  takeTimeouts?: () => number;
  /** Whether a completion has an answer at all, right or not; only of the grader of answers. */
  finds?: (completion: string) => boolean;
}

/**
 * The reward functions of a recipe, in its order; one of a name in `own` comes from there. Throws for a module that is
 * missing or has no `reward`.
 */
export async function loadRewards(
  { reward: recipe, generation }: Pick<TrainRecipe, "reward" | "generation">,
  own: Readonly<Record<string, RewardFunction>> = {},
): Promise<Reward[]> {
  const unused = Object.keys(own).find((name) => !recipe.functions.includes(name));
  if (unused !== undefined) {
    throw new TypeError(
      `Cannot use the reward function ${unused} as reward.functions must list it: current value is ` +
        recipe.functions.join(", "),
    );
  }
  const rewards: Reward[] = [];
  for (const [index, function_] of recipe.functions.entries()) {
    const weight = recipe.weights[index]!;
    if (Object.hasOwn(own, function_)) {
      rewards.push({
        name: function_,
        weight,
        own: true,
        ...timed(own[function_]!, function_, recipe.timeout_s),
      });
      continue;
    }
    const builtIn = builtInOf(function_, recipe, generation.max_completion_length);
    const found = builtIn
      ? { call: builtIn }
      : { own: true, ...timed(await moduleReward(function_), function_, recipe.timeout_s) };
    const reward = { name: nameOf(function_), weight, ...found };
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

/** Which reward decides what is difficult, by its name, and the value from which a completion is solved. */
export function decidingReward(
  { functions, difficulty_by, success_threshold }: TrainRecipe["reward"],
): { name: string; threshold: number | null } {
  return { name: nameOf(difficulty_by ?? functions[0]!), threshold: success_threshold };
}

/** Success of a completion by that reward: 0 to 1, or null where it has no opinion. */
export function successOf(
  { rewards }: { rewards: Readonly<Record<string, number | null>> },
  { name, threshold }: ReturnType<typeof decidingReward>,
): number | null {
  const value = rewards[name] ?? null;
  return threshold === null || value === null ? value : Number(value >= threshold);
}

function builtInOf(
  function_: string,
  recipe: TrainRecipe["reward"],
  max_completion_length: number,
): RewardFunction | null {
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
  if (function_ === "soft_overlong_punishment") {
    return ({ ids }) => softOverlongPunishment(ids.length, max_completion_length, recipe.soft_punish_cache);
  }
  return null;
}

/** DAPO (arXiv 2503.14476 eq. 13): 0 up to `cache` tokens below the limit, from there linearly to -1 at the limit. */
export function softOverlongPunishment(length: number, limit: number, cache: number): number {
  return Math.max(-1, Math.min(0, (limit - cache - length) / cache));
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
  return reward as RewardFunction;
}

/** A function of somebody else: its values are checked, and it has no opinion where it takes too long. */
function timed(
  reward: RewardFunction,
  name: string,
  timeout_s: number | null,
): Pick<Reward, "call" | "takeTimeouts"> {
  let timeouts = 0;
  const within = async (input: RewardInput): Promise<unknown> => {
    if (timeout_s === null) return await reward(input);
    const { promise, resolve } = Promise.withResolvers<null>();
    const timer = setTimeout(() => {
      timeouts++;
      resolve(null);
    }, timeout_s * 1000);
    try {
      return await Promise.race([promise, reward(input)]);
    } finally {
      clearTimeout(timer);
    }
  };
  const call: RewardFunction = async (input) => {
    let value: unknown;
    try {
      value = await within(input);
    } catch (cause) {
      throw new Error(
        `Cannot use the reward function ${name} as it failed on problem ${input.problem.id}: ${
          messageOf(cause)
        }`,
        { cause },
      );
    }
    if (value === null || (typeof value === "number" && Number.isFinite(value))) return value;
    throw new TypeError(
      `Cannot use the reward function ${name} as it must return a finite number or null: ` +
        `current value is ${String(value)}`,
    );
  };
  const takeTimeouts = () => {
    const taken = timeouts;
    timeouts = 0;
    return taken;
  };
  return timeout_s === null ? { call } : { call, takeTimeouts };
}
