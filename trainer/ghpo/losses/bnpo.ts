// bnpo (the released code of GHPO): the mean over the tokens of the micro-batch. It depends on what is in a micro-batch,
// completions without advantage included.

import { clippedTokens } from "./clipping.ts";
import type { Loss } from "./types.ts";

export const bnpo = {
  name: "bnpo",
  weight: (norm) => 1 / (Math.max(norm.microTokens, 1) * norm.microBatches),
  terms: clippedTokens,
  keepsZeroAdvantage: true,
} as const satisfies Loss;
