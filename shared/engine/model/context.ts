// How long a sequence may be.

import type { ModelConfig } from "./config.ts";

/** The most tokens that a sequence may have, and what to call that. */
export interface Context {
  tokens: number;
  name: "context";
}

export function contextOf(config: Pick<ModelConfig, "max_position_embeddings">): Context {
  return { tokens: config.max_position_embeddings, name: "context" };
}
