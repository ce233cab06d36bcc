// Weights of a token's term that make a sum over tokens the mean that a loss takes.

import type { Normalizer } from "./types.ts";

/** Weights of a mean over sequences of the mean over their tokens. */
export function perSequence(norm: Normalizer, length: number): number {
  return 1 / (Math.max(length, 1) * norm.sequences);
}

/** Weights of a mean over all tokens of the optimizer batch. */
export function perToken(norm: Normalizer): number {
  return 1 / Math.max(norm.tokens, 1);
}
