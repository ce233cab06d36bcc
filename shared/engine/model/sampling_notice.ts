// Settings of generation_config.json that change which token transformers' generate() takes, even greedily. Here a model is
// sampled as it is, in training as in evaluation; who compares with generate() should know.

import { readOptional } from "./load.ts";

/** Values that change nothing. */
const NEUTRAL: Record<string, readonly unknown[]> = {
  repetition_penalty: [1],
  no_repeat_ngram_size: [0],
  min_length: [0],
  min_new_tokens: [0],
  bad_words_ids: [],
  sequence_bias: [],
  suppress_tokens: [],
  begin_suppress_tokens: [],
  forced_bos_token_id: [],
  forced_eos_token_id: [],
  exponential_decay_length_penalty: [],
  guidance_scale: [1],
  num_beams: [1],
};

/** One sentence on what is not applied, or undefined. */
export function samplingNotice(directory: string): string | undefined {
  if (directory.endsWith(".gguf")) return undefined; // has no such settings
  const asked = Object.entries(
    Object(readOptional(`${directory}/generation_config.json`)) as Record<string, unknown>,
  ).filter(([key, value]) => Object.hasOwn(NEUTRAL, key) && value !== null && !NEUTRAL[key]!.includes(value));
  if (asked.length === 0) return undefined;
  const list = asked.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(", ");
  return `note: the model is sampled as it is, without ${list} of its generation_config.json`;
}
