// The recipe of `train`: the shared tables (shared/schemas/recipe/train.ts), the settings of every guidance strategy and the
// names of the losses, from their two lists.

import * as v from "valibot";
import { lossEntries } from "#shared/schemas/recipe/learning.ts";
import { hintEntries } from "#shared/schemas/recipe/rollouts.ts";
import { runEntries } from "#shared/schemas/recipe/run.ts";
import { trainEntries } from "#shared/schemas/recipe/train.ts";
import type { Loss } from "../ghpo/losses/types.ts";
import { LOSSES } from "../ghpo/losses/index.ts";
import { STRATEGIES } from "../ghpo/strategies/index.ts";
import type { AnyStrategy, Tables, TableValues } from "../ghpo/strategies/types.ts";

/** Learns the traces of the drawn problems instead of sampling: a baseline at equal tokens. */
export const SUPERVISED = "sft";

type Intersection<U> = (U extends unknown ? (member: U) => void : never) extends (all: infer I) => void ? I
  : never;
type StrategySettings = TableValues<
  Intersection<(typeof STRATEGIES)[number]["settings"]> & { ghpo: typeof hintEntries }
>;
const common = v.strictObject({ ...runEntries, ...trainEntries, loss: v.strictObject(lossEntries) });

export type TrainRecipe = v.InferOutput<typeof common> & StrategySettings & {
  algorithm: (typeof STRATEGIES)[number]["name"] | typeof SUPERVISED;
  loss: { loss_type: (typeof LOSSES)[number]["name"] };
};

/** The schema of a recipe with these strategies and losses to choose from. */
export function trainRecipeSchema(
  strategies: readonly AnyStrategy[],
  losses: readonly Loss[],
): v.GenericSchema<unknown, TrainRecipe> {
  const tables: Tables = { ghpo: { ...hintEntries }, baseline: {} };
  for (const { settings } of strategies) {
    for (const [table, entries] of Object.entries<Tables[string]>(settings)) {
      tables[table] = { ...tables[table], ...entries };
    }
  }
  const loss_type = v.optional(v.picklist(losses.map(({ name }) => name)), losses[0]!.name);
  const { data, prompt, generation, reward, ...rest } = trainEntries;
  const schema = v.pipe(
    v.strictObject({
      ...runEntries,
      algorithm: v.optional(v.picklist([...strategies.map(({ name }) => name), SUPERVISED]), "ghpo"),
      data,
      prompt,
      generation,
      ...Object.fromEntries(
        Object.entries(tables).map(([name, entries]) => [name, v.optional(v.strictObject(entries), {})]),
      ),
      reward,
      loss: v.optional(v.strictObject({ loss_type, ...lossEntries }), {}),
      ...rest,
    }),
    v.transform((recipe) => recipe as unknown as TrainRecipe),
    v.check(
      (r) => r.ghpo.unhinted_replicas < r.generation.num_generations,
      "must have ghpo.unhinted_replicas below generation.num_generations",
    ),
    v.check(
      ({ generation: { max_completion_length: first, final_completion_length: last } }) =>
        (last ?? 0) <= first,
      "must have generation.final_completion_length at most generation.max_completion_length: the limit shrinks",
    ),
    v.check(
      ({ reward, generation }) =>
        !reward.functions.includes("soft_overlong_punishment") ||
        reward.soft_punish_cache <= generation.max_completion_length,
      "must have reward.soft_punish_cache at most generation.max_completion_length: an empty completion would be punished",
    ),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const { loss } = dataset.value;
      const message = losses.find(({ name }) => name === loss.loss_type)?.fault?.(loss) ?? null;
      if (message !== null) addIssue({ message });
    }),
    v.check(
      (r) => r.train.staleness === 0 || r.algorithm !== SUPERVISED,
      "must have an algorithm that samples with train.staleness 1",
    ),
    v.check(
      (r) => r.train.staleness === 0 || r.ghpo.hint_loss === "conditioned",
      "must have ghpo.hint_loss conditioned with train.staleness 1: the weights that sampled under the hint have never scored the plain prompt",
    ),
    v.check(
      (r) => r.lora !== null || !(r.checkpoint.adapter_only || r.checkpoint.dtype === "bfloat16"),
      "must have [lora] with checkpoint.adapter_only, and with checkpoint.dtype bfloat16: weights that are trained are saved in float32, or a resumed run would differ",
    ),
    v.check(
      (r) => r.train.weights_dtype === "float32" || r.lora !== null,
      "must have [lora] with train.weights_dtype bfloat16 or float16: weights that are trained need float32, in which small updates add up",
    ),
  );
  return schema as v.GenericSchema<unknown, TrainRecipe>;
}

export const TrainRecipeSchema = trainRecipeSchema(STRATEGIES, LOSSES);
