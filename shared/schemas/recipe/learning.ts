// The tables of a recipe that say how weights are learned: [lora], [loss], [optimizer] and [train].

import * as v from "valibot";
import { count, fraction, name, nonNegative, positive, positiveCount } from "../values.ts";

const setting = v.optional;
/** The matrices of a block that can have adapters. */
export const LORA_MODULES = [
  "q_proj",
  "k_proj",
  "v_proj",
  "o_proj",
  "gate_proj",
  "up_proj",
  "down_proj",
] as const;

/** Numbers by what matches the end of a module's name, as PEFT has them in rank_pattern and alpha_pattern. */
export const patternOf = (value: v.GenericSchema<number>) =>
  v.pipe(
    v.record(v.string(), value),
    v.check(
      (own) => Object.keys(own).every(isExpression),
      "must have keys that are regular expressions of JavaScript, too",
    ),
  );

function isExpression(source: string): boolean {
  try {
    new RegExp(source, "u"); // without the flag, \\Z and others of Python's would mean letters
    return true;
  } catch {
    return false;
  }
}

/** Trains low-rank adapters on the frozen model; names are those of the PEFT library. */
export const LoraSchema = v.strictObject({
  /** Rank of the adapters. */
  r: setting(positiveCount, 16),
  /** Scale of the adapters: their product is multiplied by lora_alpha / r, or by lora_alpha / sqrt(r) with use_rslora. */
  lora_alpha: setting(positive, 32),
  /** Matrices that get adapters. */
  target_modules: setting(v.pipe(v.array(v.picklist(LORA_MODULES)), v.minLength(1)), [...LORA_MODULES]),
  /** Whether the scale is that of rsLoRA; null: that of the adapter to start from, and false for new ones. */
  use_rslora: setting(v.nullable(v.boolean()), null),
  /** Other ranks by regular expressions that match the end of a module's name, as `{ "layers.0.*" = 4, down_proj = 32 }`. */
  rank_pattern: setting(v.nullable(patternOf(positiveCount)), null),
  /** Other lora_alpha in the same way. */
  alpha_pattern: setting(v.nullable(patternOf(positive)), null),
  /** Directory of adapters that PEFT or an earlier run wrote, to start from; null: new ones. */
  adapter: setting(v.nullable(name), null),
});

/** `[loss]` without loss_type, whose names are those of trainer/ghpo/losses. */
export const lossEntries = {
  /** How far the ratio may move below and above 1 before it is clipped. */
  epsilon: setting(positive, 0.2),
  /** Null: the same as epsilon. */
  epsilon_high: setting(v.nullable(positive), null),
  /** Upper bound of the ratio for negative advantages; null: none. */
  delta: setting(v.nullable(positive), null),
  /** Weight of the KL penalty (k3); above 0 a reference model is kept. */
  beta: setting(nonNegative, 0),
  /** Updates on each batch of completions. */
  num_iterations: setting(positiveCount, 1),
  /** What advantages are divided by: the standard deviation of the group or of the batch, or nothing. */
  scale_rewards: setting(v.picklist(["group", "batch", "none"]), "group"),
  /** Leaves completions that ran into the limit of tokens out of the loss; rewards and baselines count them. */
  mask_truncated_completions: setting(v.boolean(), false),
};
export type LossSettings = v.InferOutput<v.StrictObjectSchema<typeof lossEntries, undefined>>;

export const optimizerEntries = {
  /** Learning rate schedule after warm-up. */
  lr_scheduler_type: setting(v.picklist(["cosine", "constant"]), "cosine"),
  /** Warm-up as a share of all steps; warmup_steps above 0 overrides it. */
  warmup_ratio: setting(fraction, 0.1),
  warmup_steps: setting(count, 0),
  /** The learning rate that cosine ends on, as a share of the peak. */
  min_lr_ratio: setting(fraction, 0),
  /** AdamW's decoupled weight decay. */
  weight_decay: setting(nonNegative, 0),
  /** AdamW's decay of the first moment. */
  adam_beta1: setting(fraction, 0.9),
  /** AdamW's decay of the second moment. */
  adam_beta2: setting(fraction, 0.999),
  /** AdamW's epsilon, added to the root of the second moment. */
  adam_epsilon: setting(positive, 1e-8),
  /** Global gradient norm above which gradients are scaled down. */
  max_grad_norm: setting(positive, 1),
};

/** How numbers are stored in GPU memory; all arithmetic is f32. Activations of real models are too large for float16. */
const WeightsDtypeSchema = v.picklist(["float32", "bfloat16", "float16"]);
export const ActivationsDtypeSchema = v.picklist(["float32", "bfloat16"]);

/** A binary tree has 1, 2, 4, 8, ... leaves. */
export const shards = v.pipe(
  positiveCount,
  v.maxValue(1024),
  v.check((value) => (value & (value - 1)) === 0, "must be a power of two"),
);

export const TrainSchema = v.strictObject({
  /** Optimizer steps of the run. */
  max_steps: setting(positiveCount, 160),
  /** Problems per step. */
  prompts_per_step: setting(positiveCount, 112),
  /** Tokens of a packed micro-batch, prompts included. */
  micro_batch_tokens: setting(positiveCount, 4096),
  /** Computes a block's activations again in the backward pass instead of keeping them. */
  gradient_checkpointing: setting(v.boolean(), false),
  /**
   * Type of the frozen model under [lora]: 16 bits are exact for a checkpoint stored in that type and round any other.
   * float16 needs an adapter with shader-f16.
   */
  weights_dtype: setting(WeightsDtypeSchema, "float32"),
  /** Type of the activations kept for the backward pass: bfloat16 changes gradients by about 1 %, log-probs not at all. */
  activations_dtype: setting(ActivationsDtypeSchema, "float32"),
  /** Parts of a step whose gradients are added as a binary tree: any number of ranks that divides it gives the same bits. */
  shards: setting(shards, 1),
  /**
   * Updates between the weights that sample a step and those that learn from it: none, or exactly one, so that workers
   * (--samplers) sample a step while the one before it is learned from.
   */
  staleness: setting(v.picklist([0, 1]), 0),
  /** Replaces groups without a wrong answer by new ones, at most this many times in a step (DAPO); 0: off. */
  resample_rounds: setting(count, 0),
});
