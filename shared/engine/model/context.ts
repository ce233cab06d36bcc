// How long a sequence may be: the context, or the sliding window of attention where that is shorter. A query sees the
// keys less than a window back, so up to that length windowed and full attention are the same numbers; the kernels
// compute full attention, and longer sequences are refused.

import type { ModelConfig } from "./config.ts";

/** The most tokens that a sequence may have, and what to call that. */
export interface Context {
  tokens: number;
  name: "context" | "sliding window";
}

export function contextOf(config: Pick<ModelConfig, "max_position_embeddings" | "layers">): Context {
  const windows = config.layers.flatMap(({ window }) => window ?? []);
  return windows.length === 0
    ? { tokens: config.max_position_embeddings, name: "context" }
    : { tokens: Math.min(...windows), name: "sliding window" };
}

/** What a person should know before a model with a window is used, or undefined. */
export function windowNotice(config: Pick<ModelConfig, "max_position_embeddings" | "layers">) {
  const { tokens, name } = contextOf(config);
  return name === "context" ? undefined : (
    `Sequences may have ${tokens} tokens, the model's sliding window, though its context has ` +
    `${config.max_position_embeddings}: attention through a window is not implemented`
  );
}
