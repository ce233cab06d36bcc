// How long a sequence may be: the context, or the sliding window of attention where that is shorter. A query sees the
// keys less than a window back, so up to that length windowed and full attention are the same numbers; the kernels
// compute full attention, and longer sequences are refused.

import * as v from "valibot";
import type { ModelConfig } from "./config.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(1));

/** What a config.json says about windows. */
export const windowKeys = {
  sliding_window: v.nullish(count),
  use_sliding_window: v.optional(v.boolean()),
  max_window_layers: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  layer_types: v.nullish(v.array(v.string())),
};
const schema = v.object(windowKeys);

/** The window of a model, or null, and the keys that say so, by transformers' defaults. */
export function readWindow(
  type: ModelConfig["model_type"],
  layers: number,
  raw: v.InferOutput<typeof schema>,
): { window: number | null; window_keys: Record<string, unknown> } {
  const { sliding_window = 4096, use_sliding_window, max_window_layers = 28, layer_types = null } = raw;
  if (type === "mistral") return { window: sliding_window, window_keys: { sliding_window } };
  // Llama has none, whatever the file says.
  if (type === "llama" || !use_sliding_window) return { window: null, window_keys: {} };
  // Qwen's first layers may see everything.
  const windowed = layer_types?.includes("sliding_attention") ?? max_window_layers < layers;
  const window_keys = { use_sliding_window, sliding_window, max_window_layers, layer_types };
  return { window: windowed ? sliding_window : null, window_keys };
}

/** The most tokens that a sequence may have, and what to call that. */
export interface Context {
  tokens: number;
  name: "context" | "sliding window";
}

export function contextOf(config: Pick<ModelConfig, "max_position_embeddings" | "sliding_window">): Context {
  const { max_position_embeddings, sliding_window } = config;
  return sliding_window === null
    ? { tokens: max_position_embeddings, name: "context" }
    : { tokens: sliding_window, name: "sliding window" };
}

/** What a person should know before a model with a window is used, or undefined. */
export function windowNotice(config: Pick<ModelConfig, "max_position_embeddings" | "sliding_window">) {
  const { max_position_embeddings, sliding_window } = config;
  return sliding_window === null ? undefined : (
    `Sequences may have ${sliding_window} tokens, the model's sliding window, though its context has ` +
    `${max_position_embeddings}: attention through a window is not implemented`
  );
}
