// Backward of attention over segments in f64 on the CPU; its forward is
// shared/engine/ops/attention/attention.ref.ts.

import type { HeadShape } from "#shared/engine/ops/rope/rope.ts";

type Numbers = ArrayLike<number>;

type Shape = HeadShape & { tokens: number };

/** Element `i` of the query, key or value row of `head` at `token` inside a (q | k | v) row. */
function index({ heads, kvHeads, headDim }: Shape) {
  const stride = (heads + 2 * kvHeads) * headDim;
  const group = heads / kvHeads;
  return {
    q: (token: number, head: number, i: number) => token * stride + head * headDim + i,
    k: (token: number, head: number, i: number) =>
      token * stride + (heads + Math.floor(head / group)) * headDim + i,
    v: (token: number, head: number, i: number) =>
      token * stride + (heads + kvHeads + Math.floor(head / group)) * headDim + i,
  };
}

/** Softmax probabilities of the keys that a token sees. */
function probabilities(qkv: Numbers, keys: readonly number[], token: number, head: number, shape: Shape) {
  const { q, k } = index(shape);
  const scores = keys.map((key) => {
    let score = 0;
    for (let i = 0; i < shape.headDim; i++) score += qkv[q(token, head, i)]! * qkv[k(key, head, i)]!;
    return score / Math.sqrt(shape.headDim);
  });
  const max = Math.max(...scores);
  const sum = scores.reduce((total, score) => total + Math.exp(score - max), 0);
  return scores.map((score) => Math.exp(score - max) / sum);
}

/** dqkv (tokens, (heads + 2 kvHeads) headDim), by the plain softmax rule (no use of out or lse). */
export function attentionBackwardRef(
  qkv: Numbers,
  keys: readonly (readonly number[])[],
  dout: Numbers,
  shape: Shape,
): Float64Array {
  const { tokens, heads, headDim } = shape;
  const { q, k, v } = index(shape);
  const dqkv = new Float64Array(qkv.length);
  const scale = 1 / Math.sqrt(headDim);
  for (let token = 0; token < tokens; token++) {
    for (let head = 0; head < heads; head++) {
      const own = keys[token]!;
      const base = (token * heads + head) * headDim;
      const probability = probabilities(qkv, own, token, head, shape);
      const dp = probability.map((p, j) => {
        let sum = 0;
        for (let i = 0; i < headDim; i++) {
          sum += dout[base + i]! * qkv[v(own[j]!, head, i)]!;
          dqkv[v(own[j]!, head, i)]! += p * dout[base + i]!;
        }
        return sum;
      });
      const mean = probability.reduce((sum, p, j) => sum + p * dp[j]!, 0);
      probability.forEach((p, j) => {
        const ds = p * (dp[j]! - mean) * scale;
        for (let i = 0; i < headDim; i++) {
          dqkv[q(token, head, i)]! += ds * qkv[k(own[j]!, head, i)]!;
          dqkv[k(own[j]!, head, i)]! += ds * qkv[q(token, head, i)]!;
        }
      });
    }
  }
  return dqkv;
}
