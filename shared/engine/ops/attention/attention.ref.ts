// Grouped-query attention over segments in f64 on the CPU: plain softmax, no streaming.

import type { Segment } from "./segments.ts";
import type { HeadShape } from "#shared/engine/ops/rope/rope.ts";

/** The keys that each token sees: those of the segments above, then its own segment's up to itself; the last `window`. */
export function keysOf(segments: readonly Segment[], window = Infinity): number[][] {
  const all: number[][] = [];
  const whole: number[][] = []; // of each segment, what its last token sees
  for (const { first, tokens, parent } of segments) {
    const keys = parent < 0 ? [] : [...whole[parent]!];
    for (let token = first; token < first + tokens; token++) {
      keys.push(token);
      all[token] = keys.slice(-Math.min(window, keys.length));
    }
    whole.push(keys);
  }
  return all;
}

/** qkv (tokens, (heads + 2 kvHeads) headDim) -> out (tokens, heads headDim) and lse (tokens, heads). */
export function attentionRef(
  qkv: ArrayLike<number>,
  keys: readonly (readonly number[])[],
  { tokens, heads, kvHeads, headDim }: HeadShape & { tokens: number },
): { out: Float64Array; lse: Float64Array } {
  const width = (heads + 2 * kvHeads) * headDim;
  const out = new Float64Array(tokens * heads * headDim);
  const lse = new Float64Array(tokens * heads);
  for (let token = 0; token < tokens; token++) {
    for (let head = 0; head < heads; head++) {
      const q = token * width + head * headDim;
      const k = (heads + Math.floor(head * kvHeads / heads)) * headDim;
      const scores: number[] = [];
      for (const j of keys[token]!) {
        let score = 0;
        for (let i = 0; i < headDim; i++) score += qkv[q + i]! * qkv[j * width + k + i]!;
        scores.push(score / Math.sqrt(headDim));
      }
      const highest = Math.max(...scores);
      const total = scores.reduce((sum, score) => sum + Math.exp(score - highest), 0);
      lse[token * heads + head] = highest + Math.log(total);
      for (const [n, score] of scores.entries()) {
        const weight = Math.exp(score - highest) / total;
        const v = keys[token]![n]! * width + k + kvHeads * headDim;
        for (let i = 0; i < headDim; i++) {
          out[(token * heads + head) * headDim + i]! += weight * qkv[v + i]!;
        }
      }
    }
  }
  return { out, lse };
}
