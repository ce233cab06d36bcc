// A recipe of `sft`, supervised fine-tuning.

import * as v from "valibot";
import { ANSWER_FORMATS } from "#shared/text/answer_format.ts";
import { HintCutSchema } from "../guidance.ts";
import { DataSchema, EvalSchema, PromptSchema } from "./data.ts";
import { ActivationsDtypeSchema, optimizerEntries, shards } from "./learning.ts";
import { CheckpointSchema, runEntries } from "./run.ts";
import { fraction, positive, positiveCount } from "../values.ts";

const setting = v.optional;
/** One phase of supervised fine-tuning; a cold start is a few of them with growing step errors. */
const SftPhaseSchema = v.strictObject({
  /** Optimizer steps of the phase. */
  steps: positiveCount,
  /** Peak of the learning rate. */
  learning_rate: positive,
  /** Probability that a step of a hard problem gets a wrong result, from which the trace continues. */
  step_error_rate: setting(fraction, 0),
  /** How wrong it is: up to 9 either way, or always one too many, which sampling almost never undoes by luck. */
  step_error: setting(v.picklist(["uniform", "off_by_one"]), "uniform"),
});

export const SftRecipeSchema = v.strictObject({
  ...runEntries,
  data: DataSchema,
  prompt: setting(PromptSchema, {}),
  sft: v.strictObject({
    /** Random initial weights of the tiny model instead of those of `model`, which then holds config and tokenizer. */
    from_scratch: setting(v.boolean(), false),
    phases: v.pipe(v.array(SftPhaseSchema), v.minLength(1)),
    /** Examples per optimizer step. */
    examples_per_step: setting(positiveCount, 128),
    micro_batch_tokens: setting(positiveCount, 4096),
    /** As in `train`. */
    gradient_checkpointing: setting(v.boolean(), false),
    activations_dtype: setting(ActivationsDtypeSchema, "float32"),
    shards: setting(shards, 1),
    /** Levels from here on are hard: they get step errors. */
    hard_from_level: setting(positiveCount, 3),
    /** Share of examples drawn from the hard levels. */
    hard_fraction: setting(fraction, 0.5),
    /** Share of examples whose prompt shows the beginning of the trace. */
    hinted_fraction: setting(fraction, 0.3),
    /** The text between question and hint; "ghpo" is the paper's sentence. */
    hint_glue: setting(v.string(), "ghpo"),
    hint_cut: setting(HintCutSchema, "step"),
    /**
     * How the answer ends a solution: "auto" as the prompt asks for it, else as the solution has it, else behind ####.
     * A solution that ends so already is not changed; "none" changes no solution.
     */
    answer_format: setting(v.picklist(["auto", "none", ...ANSWER_FORMATS]), "auto"),
  }),
  optimizer: setting(v.strictObject(optimizerEntries), {}),
  eval: setting(EvalSchema, {}),
  checkpoint: setting(CheckpointSchema, {}),
});
export type SftRecipe = v.InferOutput<typeof SftRecipeSchema>;
