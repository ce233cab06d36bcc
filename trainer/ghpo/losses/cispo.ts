// cispo (arXiv 2506.13585 eq. 4): the capped ratio, taken as a constant, times the log-prob; normalised as dapo.

import { perToken } from "./averages.ts";
import type { Loss } from "./types.ts";

export const cispo = {
  name: "cispo",
  weight: perToken,
  terms(s, o, weight, gradient, sums) {
    let loss = 0;
    const cap = o.epsilon_high ?? o.epsilon; // of the ratio itself
    for (let t = 0; t < gradient.length; t++) {
      const ratio = Math.exp(s.logprobs[t]! - s.oldLogprobs[t]!);
      const scale = Math.min(ratio, cap) * s.advantage * weight;
      loss -= scale * s.logprobs[t]!;
      gradient[t] = -scale;
      if (ratio > cap && s.advantage > 0) sums.high++;
      sums.count++;
    }
    return loss;
  },
  fault: ({ epsilon_high }) =>
    epsilon_high === null ? "must have loss.epsilon_high, the cap of the ratio, with loss_type cispo" : null,
} as const satisfies Loss;
