// grpo (arXiv 2402.03300 eq. 3; the default, as in GHPO, arXiv 2507.10628): the mean over sequences of the mean over
// their tokens.

import { clippedTokens, type Loss, perSequence } from "./loss.ts";

export const grpo = { name: "grpo", weight: perSequence, terms: clippedTokens } as const satisfies Loss;
