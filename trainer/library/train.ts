// Training from a program: what the commands `train` and `sft` do, with functions in place of module files.

import { SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import type { LeftOut } from "../commands/checked_problems.ts";
import { runSft } from "../commands/sft.ts";
import { runTraining } from "../commands/train.ts";
import { LOSSES } from "../ghpo/losses/index.ts";
import { STRATEGIES } from "../ghpo/strategies/index.ts";
import type { TrainResult } from "../loop/train.ts";
import { trainRecipeSchema } from "../run/train_recipe.ts";
import { prepareAdapter } from "./find_driver.ts";
import type { CustomParts, Listeners } from "./custom_parts.ts";
import { type ProblemInput, recipeFrom, type RecipeInput, withProblems } from "./recipes.ts";

export interface RunOptions extends Listeners {
  /** Trains on these instead of the file or the families that the recipe names. */
  problems?: readonly ProblemInput[];
  /** Goes on from the newest checkpoint in the recipe's output_dir. */
  resume?: boolean;
  /** Trains although the pre-flight finds the run vain. */
  force?: boolean;
  /** No progress on stderr. */
  quiet?: boolean;
  /** Aborted, the run finishes its step, saves a checkpoint and returns with `finished: false`. */
  signal?: AbortSignal;
}

export type TrainOptions = RunOptions & CustomParts;

export interface SftOptions extends RunOptions {
  /** Writes the finished model, without optimizer state, into this directory. */
  export?: string;
}

export type RunResult = TrainResult & LeftOut & { output_dir: string };

/**
 * Reinforcement learning by a recipe: a TOML file, the name of one that ships with ghpo, or an object. An adapter is
 * opened by itself, a software one where there is no GPU.
 *
 * @throws Error with one sentence for a recipe, model or problems that cannot be used, before the first step
 */
export async function train(recipe: string | RecipeInput, options: TrainOptions = {}): Promise<RunResult> {
  const { problems, strategies = [], signal, ...rest } = options;
  const schema = trainRecipeSchema([...STRATEGIES, ...strategies], LOSSES);
  const resolved = recipeFrom(schema, recipe, problems);
  const stop = signal ?? new AbortController().signal;
  return await withProblems(resolved.output_dir, problems, async () => {
    await prepareAdapter();
    return await runTraining(resolved, { ...rest, strategies, schema, stop });
  });
}

/**
 * Supervised fine-tuning on worked solutions by a recipe, as `train`; the recipe has a table `sft`.
 *
 * @throws Error with one sentence for a recipe, model or problems that cannot be used, before the first step
 */
export async function sft(recipe: string | RecipeInput, options: SftOptions = {}): Promise<RunResult> {
  const { problems, signal, ...rest } = options;
  const resolved = recipeFrom(SftRecipeSchema, recipe, problems);
  const stop = signal ?? new AbortController().signal;
  return await withProblems(resolved.output_dir, problems, async () => {
    await prepareAdapter();
    return await runSft(resolved, { ...rest, stop });
  });
}
