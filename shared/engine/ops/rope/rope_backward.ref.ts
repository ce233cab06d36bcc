// Backward of RoPE with optional q/k norm in f64 on the CPU; its forward is shared/engine/ops/rope/rope.ref.ts.

import type { HeadShape } from "./rope.ts";
import { rmsNormBackwardRef } from "#shared/engine/ops/rms_norm/rms_norm_backward.ref.ts";

type Numbers = ArrayLike<number>;

/** dqkv of the rotated heads -> draw of the raw ones, and the gradients of the norm weights (headDim). */
export function ropeBackwardRef(
  raw: Numbers,
  dqkv: Numbers,
  positions: Numbers,
  frequencies: Numbers,
  { tokens, heads, kvHeads, headDim, eps }: HeadShape & { tokens: number; eps: number },
  norms?: { q: Numbers; k: Numbers },
): { draw: Float64Array; dq_norm: Float64Array; dk_norm: Float64Array } {
  const draw = Float64Array.from(dqkv);
  const source = Float64Array.from(raw);
  const [dq_norm, dk_norm] = [new Float64Array(headDim), new Float64Array(headDim)];
  const half = headDim / 2;
  const allHeads = heads + 2 * kvHeads;
  for (let row = 0; row < tokens * allHeads; row++) {
    const head = row % allHeads;
    if (head >= heads + kvHeads) continue;
    const d = draw.subarray(row * headDim, (row + 1) * headDim);
    for (let i = 0; i < half; i++) {
      const angle = positions[Math.floor(row / allHeads)]! * frequencies[i]!;
      const [a, b] = [d[i]!, d[i + half]!];
      d[i] = a * Math.cos(angle) + b * Math.sin(angle);
      d[i + half] = b * Math.cos(angle) - a * Math.sin(angle);
    }
    if (!norms) continue;
    const [weight, dweight] = head < heads ? [norms.q, dq_norm] : [norms.k, dk_norm];
    const x = source.subarray(row * headDim, (row + 1) * headDim);
    const own = rmsNormBackwardRef(x, weight, d, { rows: 1, cols: headDim, eps });
    d.set(own.dx);
    own.dweight.forEach((value, i) => dweight[i]! += value);
  }
  return { draw, dq_norm, dk_norm };
}
