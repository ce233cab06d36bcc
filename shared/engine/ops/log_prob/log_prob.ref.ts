// Log-probability and entropy in f64 on the CPU.

import type { LogProbShape } from "./log_prob.ts";

/** Each result has one number a row. */
export function logProbRef(
  logits: ArrayLike<number>,
  targets: ArrayLike<number>,
  { rows, vocab, stride, temperature }: LogProbShape,
): { logProb: Float64Array; entropy: Float64Array; lse: Float64Array } {
  const [logProb, entropy, lse] = [0, 1, 2].map(() => new Float64Array(rows)) as [
    Float64Array<ArrayBuffer>,
    Float64Array<ArrayBuffer>,
    Float64Array<ArrayBuffer>,
  ];
  for (let row = 0; row < rows; row++) {
    const x = Float64Array.from({ length: vocab }, (_, i) => logits[row * stride + i]! / temperature);
    const highest = x.reduce((a, b) => Math.max(a, b));
    lse[row] = highest + Math.log(x.reduce((sum, v) => sum + Math.exp(v - highest), 0));
    logProb[row] = x[targets[row]!]! - lse[row]!;
    entropy[row] = x.reduce((sum, v) => sum - Math.exp(v - lse[row]!) * (v - lse[row]!), 0);
  }
  return { logProb, entropy, lse };
}
