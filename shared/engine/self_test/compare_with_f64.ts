// Drivers differ, and one that computes garbage does so without an error. A model of one tiny block runs forward,
// backward and through decoding, and all results are compared with f64. Its heads, norms and biases are those of the
// model that is going to be used, and so are the kernels: none is compiled for the test alone.

import { backward } from "#shared/engine/backward/backward.ts";
import { Gradients } from "#shared/engine/backward/gradients.ts";
import { inputOf, predictions } from "#shared/engine/backward/micro_batches.ts";
import { Scratch } from "#shared/engine/backward/scratch.ts";
import { Activations } from "#shared/engine/forward/activations.ts";
import { pack } from "#shared/engine/forward/packing.ts";
import { forward } from "#shared/engine/forward/forward.ts";
import { Head } from "#shared/engine/forward/head.ts";
import { decodesByProgram } from "#shared/engine/generation/decode_program.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import type { Gpu } from "#shared/engine/gpu/device.ts";
import { Recorder } from "#shared/engine/gpu/recorder.ts";
import { type ModelConfig, parseConfig } from "#shared/engine/model/config.ts";
import { Model, parameterLayouts } from "#shared/engine/model/weights.ts";
import { randomKeys } from "#shared/engine/ops/sampling/random.ts";
import { logitsOf, logProbsOf, noiseOf, type Weights } from "./reference.ts";

/** What is proven: what a command needs that only generates, or the backward as well. */
export type Scope = "generation" | "training";

/** What is proven where no model is at hand yet. */
export const ANY_MODEL = parseConfig({
  model_type: "qwen3",
  hidden_size: 20,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  intermediate_size: 28,
  vocab_size: 23,
  rms_norm_eps: 1e-6,
  attention_bias: true,
  tie_word_embeddings: true,
  max_position_embeddings: 64,
});
/** Two prompts that begin alike, three completions. */
const [PROMPT, LONGER] = [[3, 14, 1, 5, 9, 2], [3, 14, 1, 5, 9, 2, 6, 17, 8]];
const SEQUENCES = [
  { ids: [...PROMPT, 5, 3, 21, 8, 9, 7], prompt_length: 6 },
  { ids: [...PROMPT, 5, 3, 2, 20, 4, 6, 2, 6, 4, 19], prompt_length: 6 },
  { ids: [...LONGER, 3, 3, 22, 7, 9, 5, 0, 2, 8], prompt_length: 9 },
];
const TEMPERATURE = 0.7;
/** Tokens that a prompt is continued by, and most samples of it: more than any tile of rows. */
const [TOKENS, SAMPLES] = [4, 19];
/** Largest differences: of a log-probability, of a gradient along a direction by both norms, of a draw's lead. */
const [LOG_PROB, GRADIENT, LEAD] = [1e-4, 2e-5, 1e-3];

/** One block of another model, small. */
function blockLike({ num_attention_heads, num_key_value_heads, ...like }: ModelConfig): ModelConfig {
  const { head_dim, qk_norm, qkv_bias, o_bias, mlp_bias } = like;
  const group = num_attention_heads / num_key_value_heads;
  const kvHeads = group * head_dim <= 128 ? 2 : 1;
  const heads = { num_attention_heads: kvHeads * group, num_key_value_heads: kvHeads, head_dim };
  return { ...ANY_MODEL, ...heads, qk_norm, qkv_bias, o_bias, mlp_bias };
}

/**
 * @param like the model that is going to be used
 * @returns what differs, or undefined
 */
export async function firstDifference(
  gpu: Gpu,
  scope: Scope,
  like: ModelConfig = ANY_MODEL,
): Promise<string | undefined> {
  const config = blockLike(like);
  const { largestCopy } = gpu;
  if (!decodesByProgram(gpu, like)) gpu.largestCopy = 0; // nor shall this small one be
  const weights = new Map(
    parameterLayouts(config).map(({ name, rows, cols }, i) => {
      const norm = name.endsWith("norm");
      const used = name === "embed_tokens" ? config.vocab_size * cols : rows * cols; // padding stays zero
      const values = Float32Array.from({ length: rows * cols }, (_, at) => {
        return at < used ? (norm ? 1 : 0) + uniform(i, at) * (norm ? 0.4 : 0.5) : 0;
      });
      return [name, values] as const;
    }),
  );
  const model = new Model(gpu, config);
  try {
    for (const { name, buffer } of model.parameters()) gpu.write(buffer, weights.get(name)!);
    return await stepDiffers(model, weights, scope) ?? await decodingDiffers(model, weights);
  } finally {
    gpu.largestCopy = largestCopy;
    model.destroy();
  }
}

/** Log-probabilities, and the gradients of their weighted sum along one direction a parameter. */
async function stepDiffers(model: Model, weights: Weights, scope: Scope): Promise<string | undefined> {
  const { gpu, config } = model;
  const batch = pack(SEQUENCES.map(inputOf));
  const predicted = predictions(batch, SEQUENCES);
  const capacity = Math.max(batch.tokens, predicted.rows.length);
  const recorder = new Recorder(gpu);
  const activations = new Activations(gpu, config, capacity, { save: true });
  const head = new Head(gpu, config, capacity);
  const [scratch, gradients] = scope === "training"
    ? [new Scratch(gpu, config, capacity), new Gradients(model)]
    : [];
  const coefficients = Float32Array.from(predicted.rows, (_, i) => uniform(99, i));
  const scored = (values: Weights) => {
    const out = new Float64Array(coefficients.length);
    for (const [n, { ids, prompt_length }] of SEQUENCES.entries()) {
      const logits = logitsOf(config, values, ids.slice(0, -1)).slice(prompt_length - 1);
      logits.forEach((row, t) =>
        out[predicted.of[n]![t]!] = logProbsOf(row, TEMPERATURE)[ids[prompt_length + t]!]!
      );
    }
    return out;
  };
  try {
    activations.load(batch);
    head.load(predicted.rows, predicted.targets);
    forward(recorder, model, activations);
    head.forward(recorder, model, activations.x, TEMPERATURE);
    if (scratch && gradients) {
      scratch.load(batch, predicted.rows);
      gpu.write(scratch.coefficients, coefficients);
      gradients.clear(recorder);
      backward(recorder, model, activations, head, gradients, scratch, TEMPERATURE);
    }
    recorder.submit();
    const got = await gpu.readFloats(head.logProb, coefficients.length);
    const right = scored(weights);
    for (const [i, value] of got.entries()) {
      if (!(Math.abs(value - right[i]!) <= LOG_PROB)) {
        return `a log-probability of the forward pass is ${value}, expected ${right[i]!.toPrecision(7)}`;
      }
    }
    for (const [n, parameter] of gradients ? model.parameters().entries() : []) {
      const got = await gpu.readFloats(gradients!.of(parameter));
      const values = Float64Array.from(weights.get(parameter.name)!);
      const direction = values.map((value, at) => value === 0 ? 0 : uniform(200 + n, at));
      const step = 1e-4;
      const sum = (sign: number) => {
        const moved = new Map<string, ArrayLike<number>>(weights);
        moved.set(parameter.name, values.map((value, at) => value + sign * step * direction[at]!));
        return scored(moved).reduce((total, value, i) => total + value * coefficients[i]!, 0);
      };
      const expected = (sum(1) - sum(-1)) / (2 * step);
      const along = got.reduce((total, value, at) => total + value * direction[at]!, 0);
      const size = Math.hypot(...got) * Math.hypot(...direction);
      if (!(Math.abs(along - expected) <= GRADIENT * size)) {
        return `the gradient of ${parameter.name} is ${along} along a direction, expected ${
          expected.toPrecision(7)
        }`;
      }
    }
    return undefined;
  } finally {
    for (const part of [recorder, activations, head, scratch, gradients]) part?.destroy();
  }
}

/**
 * Sampled tokens of few rows and of many, of a prompt and of a longer one whose beginning is taken from the pool: each
 * must win the draw, at the probability that it has.
 */
async function decodingDiffers(model: Model, weights: Weights): Promise<string | undefined> {
  const { config } = model;
  const generator = new Generator(model, { rows: SAMPLES, block: TOKENS });
  const seed = 11;
  try {
    for (const [samples, temperature] of [[2, 0.7], [7, 1.3], [SAMPLES, 0.05]] as const) {
      const options = { max_tokens: TOKENS, temperature, greedy: false, seed, eos_ids: [], extend: true };
      const prompt = samples === 2 ? PROMPT : LONGER;
      const [out] = await generator.generate([{ prompt_ids: prompt, samples, key: [1, samples] }], options);
      for (const [sample, { ids, logprobs }] of out!.slice(-2).entries()) {
        const keys = randomKeys([seed, 1, samples, samples - 2 + sample]);
        const logits = logitsOf(config, weights, [...prompt, ...ids.slice(0, -1)]).slice(prompt.length - 1);
        for (const [t, row] of logits.entries()) {
          const own = logProbsOf(row, temperature);
          const id = ids[t]!;
          if (!(Math.abs(logprobs[t]! - own[id]!) <= LOG_PROB)) {
            return `the log-probability of a sampled token is ${logprobs[t]}, expected ${
              own[id]!.toPrecision(7)
            }`;
          }
          const noise = noiseOf(config.vocab_size, keys, prompt.length - 1 + t);
          const scores = noise.map((value, token) => value + own[token]!);
          const winner = scores.indexOf(Math.max(...scores));
          if (!(scores[winner]! - scores[id]! <= LEAD)) {
            return `the token sampled is ${id}, expected ${winner}`;
          }
        }
      }
    }
    return undefined;
  } finally {
    generator.destroy();
  }
}

/** A number in [-1, 1) by a 32-bit hash of both. */
function uniform(seed: number, at: number): number {
  let z = Math.imul(seed + 1, 0x9e3779b1) + Math.imul(at + 1, 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return ((z ^ (z >>> 16)) >>> 0) / 2 ** 31 - 1;
}
