// Keys of a config.json that change what transformers computes with the architectures of config.ts and that are not
// implemented: the values that change nothing, where an absent key is one too. Whatever other key transformers does not
// read is ignored. fixtures/config_keys.py lists what transformers 5.24 reads, recorded while it runs, and config.test.ts
// holds that list against what is read here.

import { refuse } from "./config_error.ts";

const NEUTRAL: Record<string, readonly unknown[]> = {
  attention_chunk_size: [null],
  attention_dropout: [0, null],
  decoder: [null],
  generator: [null],
  is_causal: [true],
  is_encoder_decoder: [false, null],
  kv_sharing_modes: [null],
  per_layer_config: [null],
  quantization_config: [null],
  text_config: [null],
  transformers_weights: [null],
};

/** Read by transformers without an effect on ids and log-probs: training aids, names, defaults of `generate`. */
export const WITHOUT_EFFECT = [
  "architectures auto_map chunk_size_feed_forward distributed_config dtype fusion_config gradient_checkpointing",
  "id2label initializer_range label2id mlp_layer_types mtp_layer_types name_or_path num_heads num_labels",
  "output_attentions output_hidden_states output_scores pad_token_id pretraining_tp problem_type return_dict",
  "return_dict_in_generate transformers_version use_cache vision_aspect_ratio vision_feature_layer",
  "vision_feature_select_strategy",
].join(" ").split(" ");

export const REFUSED_KEYS = Object.keys(NEUTRAL);

/** @throws RangeError naming the first key with a value that would change the numbers. */
export function checkKeys(raw: Record<string, unknown>): void {
  for (const [key, neutral] of Object.entries(NEUTRAL)) {
    if (!Object.hasOwn(raw, key) || neutral.includes(raw[key])) continue;
    refuse(key, `${neutral.map(String).join(" or ")} or absent`, raw[key]);
  }
}
