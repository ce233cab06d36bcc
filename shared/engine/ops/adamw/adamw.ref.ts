// AdamW in f64 on the CPU, in the textbook form with the bias-corrected moments spelled out.

import type { AdamWSettings } from "./adamw.ts";

/** Updates weight, expAvg and expAvgSq in place; `step` counts from 1. */
export function adamwRef(
  { weight, expAvg, expAvgSq }: { weight: Float64Array; expAvg: Float64Array; expAvgSq: Float64Array },
  gradient: ArrayLike<number>,
  { beta1, beta2, epsilon, weightDecay }: AdamWSettings,
  { step, lr }: { step: number; lr: number },
): void {
  for (let i = 0; i < weight.length; i++) {
    expAvg[i] = beta1 * expAvg[i]! + (1 - beta1) * gradient[i]!;
    expAvgSq[i] = beta2 * expAvgSq[i]! + (1 - beta2) * gradient[i]! ** 2;
    const m = expAvg[i]! / (1 - beta1 ** step);
    const v = expAvgSq[i]! / (1 - beta2 ** step);
    weight[i] = weight[i]! - lr * (m / (Math.sqrt(v) + epsilon) + weightDecay * weight[i]!);
  }
}
