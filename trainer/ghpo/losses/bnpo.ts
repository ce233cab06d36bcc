// bnpo (the released code of GHPO): the mean over the tokens of the micro-batch. It depends on what is in a micro-batch,
// completions without advantage included.

import { clippedTokens, type Loss } from "./loss.ts";

export const bnpo = {
  name: "bnpo",
  weight: (norm) => 1 / (Math.max(norm.microTokens, 1) * norm.microBatches),
  terms: clippedTokens,
  needsIdle: true,
} as const satisfies Loss;
