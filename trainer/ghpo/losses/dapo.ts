// dapo (arXiv 2503.14476 eq. 8): the mean over the tokens of the whole batch.

import { clippedTokens, type Loss, perToken } from "./loss.ts";

export const dapo = { name: "dapo", weight: perToken, terms: clippedTokens } as const satisfies Loss;
