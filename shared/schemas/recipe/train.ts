// The tables of a recipe of `train` that depend on no algorithm. trainer/run/train_recipe.ts adds those of the guidance
// strategies and losses. Names are TRL's where TRL has them; defaults are the paper's (GHPO, arXiv 2507.10628).

import * as v from "valibot";
import { DataSchema, EvalSchema, PromptSchema } from "./data.ts";
import { LoraSchema, optimizerEntries, TrainSchema } from "./learning.ts";
import { GenerationSchema, RewardSchema } from "./rollouts.ts";
import { TrainCheckpointSchema } from "./run.ts";
import { positive } from "../values.ts";

const setting = v.optional;
/** The tables of a recipe of `train` that depend on no algorithm. */
export const trainEntries = {
  data: DataSchema,
  prompt: setting(PromptSchema, {}),
  generation: setting(GenerationSchema, {}),
  reward: setting(RewardSchema, {}),
  /** Null: all weights are trained. */
  lora: setting(v.nullable(LoraSchema), null),
  optimizer: setting(v.strictObject({ learning_rate: setting(positive, 1e-6), ...optimizerEntries }), {}),
  train: setting(TrainSchema, {}),
  eval: setting(EvalSchema, {}),
  checkpoint: setting(TrainCheckpointSchema, {}),
};
export type TrainTables = v.InferOutput<v.StrictObjectSchema<typeof trainEntries, undefined>>;
