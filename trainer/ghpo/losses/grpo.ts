// grpo (arXiv 2402.03300 eq. 3; the default, as in GHPO, arXiv 2507.10628): the mean over sequences of the mean over
// their tokens.

import { perSequence } from "./averages.ts";
import { clippedTokens } from "./clipping.ts";
import type { Loss } from "./types.ts";

export const grpo = { name: "grpo", weight: perSequence, terms: clippedTokens } as const satisfies Loss;
