// The loss of supervised training: the mean negative log-likelihood over all target tokens. No recipe names it.

import { perToken } from "./averages.ts";
import type { Loss } from "./types.ts";

export const nll = {
  name: "nll",
  weight: perToken,
  terms(s, _options, weight, gradient) {
    let loss = 0;
    for (let t = 0; t < gradient.length; t++) loss -= s.logprobs[t]! * weight;
    gradient.fill(-weight);
    return loss;
  },
} as const satisfies Loss;
