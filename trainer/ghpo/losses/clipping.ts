// PPO's clipped surrogate, for one ratio and for all tokens of a sequence.

import type { ClipSums, LossOptions, Sequence } from "./types.ts";

/** The clipped surrogate of every token (PPO, arXiv 1707.06347). */
export function clippedTokens(
  s: Sequence,
  o: LossOptions,
  weight: number,
  gradient: Float64Array,
  sums: ClipSums,
): number {
  let loss = 0;
  for (let t = 0; t < gradient.length; t++) {
    const ratio = Math.exp(s.logprobs[t]! - s.oldLogprobs[t]!);
    const { surrogate, slope } = clipped(ratio, s.advantage, o, sums);
    loss -= surrogate * weight;
    gradient[t] = -slope * ratio * weight; // d ratio / d logprob = ratio
  }
  return loss;
}

/** PPO's min(r A, clip(r) A) and its slope by r; delta: the two-sided clipping of arXiv 2505.07291. */
export function clipped(ratio: number, advantage: number, o: LossOptions, sums: ClipSums) {
  const low = 1 - o.epsilon;
  const high = 1 + (o.epsilon_high ?? o.epsilon);
  const first = (o.delta === null ? ratio : Math.min(ratio, o.delta)) * advantage;
  const second = Math.min(Math.max(ratio, low), high) * advantage;
  sums.count++;
  if (ratio < low && advantage < 0) sums.low++;
  if (ratio > high && advantage > 0) sums.high++;
  const firstMoves = o.delta === null || ratio <= o.delta;
  const secondMoves = ratio >= low && ratio <= high;
  if (first < second) return { surrogate: first, slope: firstMoves ? advantage : 0 };
  if (second < first) return { surrogate: second, slope: secondMoves ? advantage : 0 };
  return { surrogate: first, slope: firstMoves && secondMoves ? advantage : 0 };
}
