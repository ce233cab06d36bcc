// gspo (arXiv 2507.18071 eq. 5): one length-normalised ratio a sequence, exp(mean log-ratio), so that every token gets
// 1 / length of its derivative; normalised as grpo.

import { perSequence } from "./averages.ts";
import { clipped } from "./clipping.ts";
import type { Loss } from "./types.ts";

export const gspo = {
  name: "gspo",
  weight: perSequence,
  terms(s, o, weight, gradient, sums) {
    const length = gradient.length;
    if (length === 0) return 0;
    let sum = 0;
    for (let t = 0; t < length; t++) sum += s.logprobs[t]! - s.oldLogprobs[t]!;
    const ratio = Math.exp(sum / length);
    const { surrogate, slope } = clipped(ratio, s.advantage, o, sums);
    gradient.fill(-slope * ratio * weight);
    return -surrogate * weight * length;
  },
} as const satisfies Loss;
