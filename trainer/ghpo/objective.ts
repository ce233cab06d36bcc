// The objective of a micro-batch: the terms of a loss (losses/) and the KL penalty, which every loss may have, with
// their derivatives. KL: the k3 estimator (joschu.net/blog/kl-approx.html).

import type { ClipSums, Loss, LossOptions, Normalizer, Sequence } from "./losses/types.ts";

export interface Objective {
  loss: number;
  /** d loss / d log-prob, one array a sequence. */
  coefficients: Float32Array[];
  sums: ClipSums;
}

/** Loss, coefficients and clip sums of a micro-batch. */
export function objective(
  batch: readonly Sequence[],
  { weight: weightOf, terms }: Loss,
  options: LossOptions,
  norm: Normalizer,
): Objective {
  const sums: ClipSums = { count: 0, low: 0, high: 0, kl: 0, klTokens: 0 };
  let loss = 0;
  const coefficients = batch.map((sequence) => {
    const length = sequence.logprobs.length;
    const weight = weightOf(norm, length, options);
    const gradient = new Float64Array(length);
    loss += terms(sequence, options, weight, gradient, sums);
    if (options.beta !== 0) loss += klTerms(sequence, options.beta, weight, gradient, sums);
    return Float32Array.from(gradient);
  });
  return { loss, coefficients, sums };
}

/** beta * (exp(ref - lp) - (ref - lp) - 1), added to every token's term. */
function klTerms(s: Sequence, beta: number, weight: number, gradient: Float64Array, sums: ClipSums): number {
  if (s.referenceLogprobs === undefined) {
    throw new TypeError("Cannot add a KL penalty as reference log-probs are missing");
  }
  let loss = 0;
  for (let t = 0; t < gradient.length; t++) {
    const gap = s.referenceLogprobs[t]! - s.logprobs[t]!;
    const kl = Math.exp(gap) - gap - 1;
    loss += beta * kl * weight;
    gradient[t]! += beta * (1 - Math.exp(gap)) * weight;
    sums.kl += kl;
    sums.klTokens++;
  }
  return loss;
}
