// RoPE with optional q/k norm in f64 on the CPU, written per element as in the paper.

import type { HeadShape } from "./rope.ts";

type Numbers = ArrayLike<number>;

/** raw (tokens, (heads + 2 kvHeads) headDim) -> the same shape; `frequencies` (headDim / 2) in radians. */
export function ropeRef(
  raw: Numbers,
  positions: Numbers,
  frequencies: Numbers,
  { tokens, heads, kvHeads, headDim, eps }: HeadShape & { tokens: number; eps: number },
  norms?: { q: Numbers; k: Numbers },
): Float64Array {
  const out = Float64Array.from(raw);
  const half = headDim / 2;
  const allHeads = heads + 2 * kvHeads;
  for (let token = 0; token < tokens; token++) {
    for (let head = 0; head < heads + kvHeads; head++) {
      const x = out.subarray((token * allHeads + head) * headDim).subarray(0, headDim);
      if (norms) {
        const weight = head < heads ? norms.q : norms.k;
        const rstd = 1 / Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / headDim + eps);
        for (let i = 0; i < headDim; i++) x[i] = x[i]! * rstd * weight[i]!;
      }
      for (let i = 0; i < half; i++) {
        const angle = positions[token]! * frequencies[i]!;
        const [a, b] = [x[i]!, x[i + half]!];
        x[i] = a * Math.cos(angle) - b * Math.sin(angle);
        x[i + half] = b * Math.cos(angle) + a * Math.sin(angle);
      }
    }
  }
  return out;
}
