// dapo (arXiv 2503.14476 eq. 8): the mean over the tokens of the whole batch.

import { perToken } from "./averages.ts";
import { clippedTokens } from "./clipping.ts";
import type { Loss } from "./types.ts";

export const dapo = { name: "dapo", weight: perToken, terms: clippedTokens } as const satisfies Loss;
