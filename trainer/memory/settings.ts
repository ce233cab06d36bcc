// What a memory plan is made from.

import type { Dtype } from "#shared/engine/ops/storage/dtype.ts";
import type { ModelConfig } from "#shared/engine/model/config.ts";
import type { LoraSettings } from "#shared/engine/lora/lora.ts";
import type { SavedDtype } from "#shared/engine/backward/saved_blocks.ts";

/** Lengths that only the data knows count as the recipe's bounds: every prompt has max_prompt_length tokens. */
export interface PlanSettings {
  /** The recipe that names the settings; a recipe of `sft` generates for its evaluation only. */
  kind?: "train" | "sft";
  config: ModelConfig;
  /** Null: all weights are trained. */
  lora: LoraSettings | null;
  /** Whether training starts from adapters, which the reference then has too. */
  adapter?: boolean;
  /** Whether a frozen copy of the model is kept. */
  reference: boolean;
  micro_batch_tokens: number;
  gradient_checkpointing: boolean;
  /** How weights are stored, in 16 bits with `lora` only. */
  weights_dtype: Dtype;
  /** How what the forward keeps for the backward is stored. */
  activations_dtype: SavedDtype;
  generation: {
    prompts: number;
    samples: number;
    /** Whether prompts are sampled again with more in them: those before stay in the pool to be extended. */
    extends: boolean;
    /** Tokens of the longest prompt and of the longest completion. */
    prompt_tokens: number;
    completion_tokens: number;
    /** Completions side by side. */
    rows: number;
    /** Problems of the evaluation in the loop; 0: none. */
    evaluated: number;
  };
}
