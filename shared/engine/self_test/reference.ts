// A model of one block in f64, written again as simply as possible: what the self-test compares kernels with.

import type { ModelConfig } from "#shared/engine/model/config.ts";
import { inverseFrequencies } from "#shared/engine/model/rope.ts";

/** By the names of `parameterLayouts`, matrices as (in, out). */
export type Weights = ReadonlyMap<string, ArrayLike<number>>;

/** The logits after every token of a sequence. RMSNorm, attention with q/k norms, biases and RoPE, SwiGLU, tied head. */
export function logitsOf(config: ModelConfig, weights: Weights, ids: readonly number[]): Float64Array[] {
  const { hidden_size: hidden, head_dim: size, num_attention_heads: heads, intermediate_size: inner } =
    config;
  const kvHeads = config.num_key_value_heads;
  const of = (name: string) => weights.get(name)!;
  const norm = (x: ArrayLike<number>, weight: ArrayLike<number>) => {
    const squares = Array.from(x).reduce((sum, value) => sum + value * value, 0);
    const factor = 1 / Math.sqrt(squares / x.length + config.rms_norm_eps);
    return Float64Array.from(x, (value, i) => value * factor * weight[i]!);
  };
  const linear = (x: ArrayLike<number>, name: string) => {
    const [w, bias] = [of(name), weights.get(`${name}_bias`)];
    const cols = w.length / x.length;
    return Float64Array.from({ length: cols }, (_, c) => {
      let sum = bias?.[c] ?? 0;
      for (let k = 0; k < x.length; k++) sum += x[k]! * w[k * cols + c]!;
      return sum;
    });
  };
  const frequencies = inverseFrequencies(config);
  const rotated = (x: Float64Array, position: number) =>
    x.map((value, i) => {
      const angle = Math.fround(position * Math.fround(frequencies[i % (size / 2)]!)); // as the table's
      const other = i < size / 2 ? -x[i + size / 2]! : x[i - size / 2]!;
      return value * Math.cos(angle) + other * Math.sin(angle);
    });
  const table = of("embed_tokens");
  const keys: Float64Array[][] = [];
  const values: Float64Array[][] = [];
  return ids.map((id, position) => {
    let x = Float64Array.from({ length: hidden }, (_, i) => table[id * hidden + i]!);
    const raw = linear(norm(x, of("layers.0.input_layernorm")), "layers.0.qkv");
    const head = (n: number) => raw.slice(n * size, (n + 1) * size);
    const normed = (n: number, name: string) =>
      rotated(config.qk_norm ? norm(head(n), of(name)) : head(n), position);
    keys.push(Array.from({ length: kvHeads }, (_, n) => normed(heads + n, "layers.0.k_norm")));
    values.push(Array.from({ length: kvHeads }, (_, n) => head(heads + kvHeads + n)));
    const attended = new Float64Array(heads * size);
    for (let n = 0; n < heads; n++) {
      const q = normed(n, "layers.0.q_norm");
      const kv = Math.floor(n / (heads / kvHeads));
      const scores = keys.map((own) => own[kv]!.reduce((sum, k, i) => sum + k * q[i]!, 0) / Math.sqrt(size));
      const highest = Math.max(...scores);
      const parts = scores.map((score) => Math.exp(score - highest));
      const total = parts.reduce((a, b) => a + b);
      for (let i = 0; i < size; i++) {
        attended[n * size + i] = parts.reduce((sum, part, t) => sum + part * values[t]![kv]![i]!, 0) / total;
      }
    }
    const projected = linear(attended, "layers.0.o_proj");
    x = x.map((value, i) => value + projected[i]!);
    const gates = linear(norm(x, of("layers.0.post_attention_layernorm")), "layers.0.gate_up");
    const product = Float64Array.from({ length: inner }, (_, i) => {
      return gates[i]! / (1 + Math.exp(-gates[i]!)) * gates[inner + i]!;
    });
    const down = linear(product, "layers.0.down_proj");
    const last = norm(x.map((value, i) => value + down[i]!), of("norm"));
    return Float64Array.from({ length: config.vocab_size }, (_, token) => {
      return last.reduce((sum, value, i) => sum + value * table[token * hidden + i]!, 0);
    });
  });
}

/** Natural logarithms of the probabilities at a temperature. */
export function logProbsOf(logits: Float64Array, temperature: number): Float64Array {
  const x = logits.map((value) => value / temperature);
  const highest = Math.max(...x);
  const total = x.reduce((sum, value) => sum + Math.exp(value - highest), 0);
  return x.map((value) => value - highest - Math.log(total));
}

/** The noise that a draw adds to the log-probability of each token: see sample_race.wgsl. */
export function noiseOf(vocab: number, [keyA, keyB]: readonly [number, number], position: number): number[] {
  const a = mix(keyA ^ mix(position));
  const b = mix((keyB + a) >>> 0);
  return Array.from({ length: vocab }, (_, column) => {
    const bits = mix((mix(column ^ a) + b) >>> 0);
    return -Math.log(-Math.log1p(-(bits + 0.5) / 2 ** 32));
  });
}

function mix(seed: number): number {
  let h = seed >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}
