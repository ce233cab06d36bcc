// train --plan: what a recipe needs of GPU memory, and the largest micro-batch that fits. Touches no adapter.

import type { ModelConfig } from "#shared/model/config.ts";
import { contextOf, windowNotice } from "#shared/model/context.ts";
import type { TrainRecipe } from "#shared/schemas/recipe.ts";
import { gib, GROUPS, largestMicroBatch, plan, type PlanSettings } from "../plan.ts";
import { promptBudget } from "./prepare.ts";

/** What the plan takes of a recipe. */
export function planOf(recipe: TrainRecipe, config: ModelConfig): PlanSettings {
  const { train, generation, lora, loss, eval: evaluation } = recipe;
  return {
    config,
    lora,
    reference: loss.beta > 0,
    micro_batch_tokens: train.micro_batch_tokens,
    gradient_checkpointing: train.gradient_checkpointing,
    weights_dtype: train.weights_dtype,
    activations_dtype: train.activations_dtype,
    generation: {
      prompts: train.prompts_per_step,
      samples: generation.num_generations,
      prompt_tokens: promptBudget(recipe, contextOf(config)),
      completion_tokens: generation.max_completion_length,
      rows: generation.rows,
      evaluated: evaluation.eval_every > 0 ? evaluation.benchmarks.length * evaluation.count : 0,
    },
  };
}

/** @throws RangeError for a number of GiB that is not above 0. */
export function printPlan(
  recipe: TrainRecipe,
  config: ModelConfig,
  options: { planGib?: string; json?: boolean },
): void {
  const settings = planOf(recipe, config);
  const { buffers: _, ...bytes } = plan(settings);
  const room = options.planGib === undefined ? undefined : Number(options.planGib);
  if (room !== undefined && !(room > 0)) {
    throw new RangeError(
      `Cannot plan as --plan-gib must be a number above 0: current value is ${options.planGib}`,
    );
  }
  const most = room === undefined ? undefined : largestMicroBatch(settings, room * 2 ** 30);
  if (options.json) {
    const fitting = most === undefined ? {} : { largest_micro_batch_tokens: most };
    console.log(
      JSON.stringify({ ...bytes, micro_batch_tokens: recipe.train.micro_batch_tokens, ...fitting }),
    );
    return;
  }
  for (const group of [...GROUPS, "total"] as const) {
    console.log(`${group.padEnd(12)}${gib(bytes[group]).padStart(12)}`);
  }
  console.log(`micro-batch of ${recipe.train.micro_batch_tokens} tokens (train.micro_batch_tokens)`);
  const notice = windowNotice(config);
  if (notice) console.log(notice);
  if (room === undefined || most === undefined) return;
  console.log(
    most > 0
      ? `into ${room} GiB fits a micro-batch of ${most} tokens`
      : `no micro-batch fits into ${room} GiB: try gradient_checkpointing, [lora], or fewer generation.rows`,
  );
}
