// train --plan and sft --plan: what a recipe needs of GPU memory, and the largest micro-batch that fits. Touches no adapter.

import type { ModelConfig } from "#shared/engine/model/config.ts";
import { contextOf } from "#shared/engine/model/context.ts";
import { adapterSettings } from "#shared/engine/lora/peft.ts";
import { DEFAULT_ROWS } from "#shared/engine/generation/generate.ts";
import type { SftRecipe } from "#shared/schemas/recipe/sft.ts";
import { gib, GROUPS, largestMicroBatch, planMemory } from "../memory/memory_plan.ts";
import type { PlanSettings } from "../memory/settings.ts";
import { promptLimit } from "../preflight/requirements.ts";
import { formatRanks, ofRank, planRanks, type RankOptions, ranksOf } from "./plan_ranks.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

/** What the plan takes of a recipe of `train`. */
export function planOf(recipe: TrainRecipe, config: ModelConfig): PlanSettings {
  const { train, generation, lora, loss } = recipe;
  return {
    config,
    lora: lora && adapterSettings(lora),
    adapter: lora?.adapter != null,
    reference: loss.beta > 0,
    micro_batch_tokens: train.micro_batch_tokens,
    gradient_checkpointing: train.gradient_checkpointing,
    weights_dtype: train.weights_dtype,
    activations_dtype: train.activations_dtype,
    generation: {
      prompts: train.prompts_per_step,
      samples: generation.num_generations,
      extends: recipe.algorithm === "ghpo",
      prompt_tokens: promptLimit(recipe, contextOf(config)).tokens,
      completion_tokens: generation.max_completion_length,
      rows: generation.rows,
      evaluated: evaluatedSamples(recipe),
    },
  };
}

/** What the plan takes of a recipe of `sft`. */
export function planOfSft(
  recipe: SftRecipe,
  config: ModelConfig,
): PlanSettings {
  const { sft, prompt } = recipe;
  return {
    kind: "sft",
    config,
    lora: null,
    reference: false,
    micro_batch_tokens: sft.micro_batch_tokens,
    gradient_checkpointing: sft.gradient_checkpointing,
    weights_dtype: "float32",
    activations_dtype: sft.activations_dtype,
    generation: {
      prompts: 0,
      samples: 1,
      extends: false,
      prompt_tokens: prompt.max_prompt_length,
      completion_tokens: Math.max(1, contextOf(config).tokens - prompt.max_prompt_length),
      rows: DEFAULT_ROWS,
      evaluated: evaluatedSamples(recipe),
    },
  };
}

/** Most completions of an evaluation in the loop. */
function evaluatedSamples({ data, eval: evaluation }: Pick<TrainRecipe, "data" | "eval">): number {
  if (evaluation.eval_every === 0) return 0;
  const { benchmarks, tasks, count, path, num_samples } = evaluation;
  return ((benchmarks.length + tasks.length + (path === null ? 0 : 1)) * count + data.held_out) * num_samples;
}

/**
 * @param shards of the recipe, for a plan of --ranks
 * @throws RangeError for a number of GiB that is not above 0
 */
export async function printPlan(
  whole: PlanSettings,
  shards: number,
  options: RankOptions & { planGib?: string; json?: boolean },
): Promise<void> {
  const { kind = "train", micro_batch_tokens } = whole;
  const count = options.ranks === undefined ? null : ranksOf(options.ranks, shards, `${kind}.shards`);
  const settings = count === null ? whole : ofRank(whole, count);
  const { buffers: _, ...bytes } = await planMemory(settings);
  const ranks = count === null ? undefined : planRanks(options, count, shards, settings, bytes);
  const room = options.planGib === undefined ? undefined : Number(options.planGib);
  if (room !== undefined && !(room > 0)) {
    throw new RangeError(
      `Cannot plan as --plan-gib must be a number above 0: current value is ${options.planGib}`,
    );
  }
  const most = room === undefined ? undefined : await largestMicroBatch(settings, room * 2 ** 30);
  if (options.json) {
    const fitting = most === undefined ? {} : { largest_micro_batch_tokens: most };
    console.log(JSON.stringify({ ...bytes, micro_batch_tokens, ...fitting, ...(ranks && { ranks }) }));
    return;
  }
  for (const group of [...GROUPS, "total"] as const) {
    console.log(`${group.padEnd(12)}${gib(bytes[group]).padStart(12)}`);
  }
  console.log(`micro-batch of ${micro_batch_tokens} tokens (${kind}.micro_batch_tokens)`);
  if (ranks) console.log(formatRanks(ranks));
  if (room === undefined || most === undefined) return;
  console.log(
    most > 0
      ? `a micro-batch of ${most} tokens fits into ${room} GiB`
      : `no micro-batch fits into ${room} GiB: try gradient_checkpointing, activations_dtype bfloat16${
        kind === "sft" ? "" : ", [lora], or fewer generation.rows"
      }`,
  );
}
