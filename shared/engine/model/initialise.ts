// Random weights from a seed: for cold starts and tests. The same seed gives the same bits on every host.

import type { ModelConfig } from "./config.ts";
import type { ParameterLayout } from "./layout.ts";
import { Model, parameterLayouts } from "./weights.ts";
import type { Gpu } from "#shared/engine/gpu/device.ts";
import type { Dtype } from "#shared/engine/ops/storage/dtype.ts";
import { writeParameter } from "./storage.ts";

/** A model with `randomWeights`. */
export function randomModel(gpu: Gpu, config: ModelConfig, seed: number, dtype: Dtype = "float32"): Model {
  const model = new Model(gpu, config, dtype);
  const weights = randomWeights(config, seed);
  for (const parameter of model.parameters()) writeParameter(gpu, parameter, weights.get(parameter.name)!);
  return model;
}

/**
 * Normal matrices of standard deviation rows^-0.5 (halved where a block writes to the residual stream),
 * embeddings hidden^-0.5 so that first logits have unit scale, norms 1, biases 0. Keyed by parameter name.
 */
export function randomWeights(config: ModelConfig, seed: number): Map<string, Float32Array> {
  const normal = normals(seed);
  return new Map(parameterLayouts(config).map((layout) => [layout.name, fill(layout, config, normal)]));
}

function fill(layout: ParameterLayout, config: ModelConfig, normal: () => number): Float32Array {
  const data = new Float32Array(layout.rows * layout.cols);
  if (layout.rows === 1) return layout.name.endsWith("norm") ? data.fill(1) : data;
  const table = !layout.sources[0]!.transposed;
  const used = table ? config.vocab_size * layout.cols : data.length; // padding rows stay zero
  const block = /\.(o_proj|down_proj)$/.test(layout.name);
  const deviation = (block ? 0.5 : 1) / Math.sqrt(table ? config.hidden_size : layout.rows);
  for (let i = 0; i < used; i++) data[i] = normal() * deviation;
  return data;
}

/** Box-Muller over a 32-bit counter hash (the finaliser of MurmurHash3 over a Weyl sequence). */
function normals(seed: number): () => number {
  let state = Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) >>> 0;
  const uniform = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * logarithm(1 - uniform())) * cosineOfTurn(uniform());
}

// Engines may differ in the last bit of Math.log, Math.cos and **, but not of the four operations and the root.

/** ln x for 0 < x <= 1: x = m 2^-e with m in [0.75, 1.5), ln m = 2 artanh((m - 1) / (m + 1)). */
export function logarithm(x: number): number {
  let exponent = 0;
  for (; x < 0.75; x *= 2) exponent++;
  const s = (x - 1) / (x + 1);
  let series = 0;
  for (let k = 23; k >= 1; k -= 2) series = series * s * s + 1 / k; // |s| <= 0.2: the rest is below 1e-17
  return 2 * s * series - exponent * Math.LN2;
}

/** cos(2 pi u) for 0 <= u < 1, folded to an angle of at most pi / 4. */
export function cosineOfTurn(u: number): number {
  const half = u < 0.5 ? u : 1 - u;
  if (half > 0.25) return -cosineOfTurn(0.5 - half);
  const x = 2 * Math.PI * (half > 0.125 ? 0.25 - half : half);
  const sine = half > 0.125 ? 1 : 0;
  let series = 1; // of cos x, or of sin x / x: the rest is below 1e-19
  for (let k = 18; k > 0; k -= 2) series = 1 - series * x * x / ((k - 1 + sine) * (k + sine));
  return sine ? x * series : series;
}
