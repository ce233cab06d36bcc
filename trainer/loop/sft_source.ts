// Supervised fine-tuning as a source of batches: the negative log-likelihood of solutions, in a few phases with their
// own learning rate. It makes the cold start that GHPO begins with.

import type { Problem } from "#shared/schemas/problem.ts";
import type { SftRecipe } from "#shared/schemas/recipe/sft.ts";
import type { Context } from "#shared/engine/model/context.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { nll } from "../ghpo/losses/nll.ts";
import { learningRate } from "../ghpo/schedule.ts";
import { SUPERVISED } from "../run/train_recipe.ts";
import { examplesAt } from "./sft_examples.ts";
import { type BatchSource, withoutState } from "./batch_source.ts";

export interface SftSetting {
  recipe: SftRecipe;
  tokenizer: Tokenizer;
  eosId: number;
  /** What a sequence must fit into. */
  context: Context;
  /** The problems of a file, or null for generated ones. */
  problems: readonly Problem[] | null;
}

/** nll has neither a ratio nor a reference. */
const OPTIONS = { epsilon: 0, epsilon_high: null, delta: null, beta: 0, max_completion_length: 0 };

export function sftSource({ recipe, tokenizer, eosId, context, problems }: SftSetting): BatchSource {
  const update = {
    loss: nll,
    options: OPTIONS,
    num_iterations: 1,
    micro_batch_tokens: recipe.sft.micro_batch_tokens,
    offPolicy: false,
  };
  return {
    kind: "sft",
    steps: totalSteps(recipe),
    problems,
    tokenizer,
    metrics: [],
    facts: { algorithm: SUPERVISED, hints_after: null, loss_type: null },
    shards: { count: recipe.sft.shards, setting: "sft.shards" },
    ...withoutState,
    next(step, { cursor }, steered) {
      const { phase, index, setting } = phaseAt(recipe, step);
      const examples = examplesAt(step, phase, problems, recipe, tokenizer, eosId, context);
      const peak = steered.learning_rate ?? phase.learning_rate;
      return Promise.resolve({
        examples: examples.map((example) => ({ ...example, advantage: 1, behaviour: null })),
        update,
        temperature: 1,
        learningRate: learningRate(index, phase.steps, peak, recipe.optimizer),
        learningRateSetting: setting,
        after: { cursor: cursor + examples.length, state: {} },
        generatedTokens: 0,
        trainingTokens: examples.reduce((sum, { ids }) => sum + ids.length, 0),
        values: {},
        groups: [],
        note: "",
      });
    },
  };
}

export function totalSteps(recipe: SftRecipe): number {
  return recipe.sft.phases.reduce((sum, phase) => sum + phase.steps, 0);
}

/** The phase of the step that follows `step` steps, its index within it, and the name of its learning rate. */
function phaseAt(recipe: SftRecipe, step: number) {
  let index = step;
  for (const [i, phase] of recipe.sft.phases.entries()) {
    if (index < phase.steps) return { phase, index, setting: `sft.phases[${i}].learning_rate` };
    index -= phase.steps;
  }
  throw new RangeError(`Cannot run step ${step} as the recipe has ${totalSteps(recipe)} steps`);
}
