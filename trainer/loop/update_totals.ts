// What an update sums up over micro-batches, shards and iterations, and what becomes of the sums: its result, and the
// check that sampler and learner compute the same log-probs.

import type { ClipSums } from "../ghpo/losses/types.ts";

/** Of log-probs, on average: a thousand times what rounding does. */
const LARGEST_DIFFERENCE = 0.1;

export interface UpdateResult {
  loss: number;
  grad_norm: number;
  /** Mean over the tokens that were trained on; null when there were none. */
  entropy: number | null;
  kl: number | null;
  clip: { low: number; high: number };
  /** Difference between the sampler's log-probs and the learner's, a check of the engine; null where nothing was sampled. */
  logpDifference: { mean: number; max: number } | null;
  trainedTokens: number;
}

export function newTotals() {
  const clip: ClipSums = { count: 0, low: 0, high: 0, kl: 0, klTokens: 0 };
  return { loss: 0, nll: 0, clip, entropy: 0, tokens: 0, difference: 0, compared: 0, largest: 0 };
}

export type Totals = ReturnType<typeof newTotals>;

/** The totals of all shards, added up in their order. */
export function merged(totals: readonly Totals[]): Totals {
  const all = { ...totals[0]!, clip: { ...totals[0]!.clip } };
  for (const { clip, ...total } of totals.slice(1)) {
    addSums(all.clip, clip);
    all.loss += total.loss;
    all.nll += total.nll;
    all.entropy += total.entropy;
    all.tokens += total.tokens;
    all.difference += total.difference;
    all.compared += total.compared;
    all.largest = Math.max(all.largest, total.largest);
  }
  return all;
}

export function addSums(into: ClipSums, sums: ClipSums): void {
  into.count += sums.count;
  into.low += sums.low;
  into.high += sums.high;
  into.kl += sums.kl;
  into.klTokens += sums.klTokens;
}

/** Between the log-probs of a completion's tokens when it was sampled and the learner's. */
export function addDifference(
  total: Pick<Totals, "difference" | "compared" | "largest">,
  behaviour: ArrayLike<number>,
  logprobs: Float32Array,
): void {
  for (let t = 0; t < logprobs.length; t++) {
    const difference = Math.abs(logprobs[t]! - behaviour[t]!);
    total.difference += difference;
    total.largest = Math.max(total.largest, difference);
    total.compared++;
  }
}

/**
 * Sampler and learner compute the same numbers by different kernels, to some 1e-4. Where a driver gets one of them wrong
 * the gradients are of other completions than those that were rewarded.
 */
export function checkAgreement({ difference, compared }: Pick<Totals, "difference" | "compared">): void {
  const mean = difference / Math.max(compared, 1);
  if (mean <= LARGEST_DIFFERENCE) return;
  throw new Error(
    `Cannot train as the log-probs of sampler and learner must agree to ${LARGEST_DIFFERENCE} on average: current ` +
      `difference is ${
        mean.toPrecision(3)
      }; \`variants = "base"\` in the recipe keeps to the portable kernels`,
  );
}

/** @param sampled whether there are differences between sampler and learner to report */
export function summary(
  total: Totals,
  grad_norm: number,
  iterations: number,
  sampled: boolean,
): UpdateResult {
  const { clip, tokens } = total;
  const share = (part: number) => part / Math.max(clip.count, 1);
  return {
    loss: total.loss / iterations,
    grad_norm,
    entropy: tokens > 0 ? total.entropy / tokens : null,
    kl: clip.klTokens > 0 ? clip.kl / clip.klTokens : null,
    clip: { low: share(clip.low), high: share(clip.high) },
    logpDifference: sampled
      ? { mean: total.difference / Math.max(total.compared, 1), max: total.largest }
      : null,
    trainedTokens: tokens / iterations,
  };
}
