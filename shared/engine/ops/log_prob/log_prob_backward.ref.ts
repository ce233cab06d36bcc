// Backward of a log-prob under softmax(logits / T) in f64 on the CPU; its forward is shared/engine/ops/log_prob/log_prob.ref.ts.

import { logProbRef } from "./log_prob.ref.ts";
import type { LogProbShape } from "./log_prob.ts";

type Numbers = ArrayLike<number>;

/** d logits (rows, stride) of sum(coefficients * log-probs); 0 in the padding columns. */
export function logProbBackwardRef(
  logits: Numbers,
  targets: Numbers,
  coefficients: Numbers,
  shape: LogProbShape,
): Float64Array {
  const { rows, vocab, stride, temperature } = shape;
  const { lse } = logProbRef(logits, targets, shape);
  const out = new Float64Array(rows * stride);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < vocab; i++) {
      const onehot = i === targets[row] ? 1 : 0;
      const softmax = Math.exp(logits[row * stride + i]! / temperature - lse[row]!);
      out[row * stride + i] = coefficients[row]! * (onehot - softmax) / temperature;
    }
  }
  return out;
}
