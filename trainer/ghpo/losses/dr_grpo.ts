// dr_grpo (arXiv 2503.20783): the sum over tokens by a constant, so that length has no influence on a token's weight.

import { clippedTokens } from "./clipping.ts";
import type { Loss } from "./types.ts";

export const drGrpo = {
  name: "dr_grpo",
  weight: (norm, _length, options) => 1 / (norm.sequences * options.max_completion_length),
  terms: clippedTokens,
} as const satisfies Loss;
