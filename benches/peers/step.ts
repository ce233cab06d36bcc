// One training step that this engine and its peers all run: the same models, weights, tokens and FLOPs.

import { type ModelConfig, parseConfig } from "#shared/engine/model/config.ts";

/** 32 sequences of 64 predictions, as many tokens as the demo's groups have in a few prompts. */
export const SEQUENCES = 32;
export const TOKENS = 64;

export const ADAM = { lr: 1e-3, beta1: 0.9, beta2: 0.95, eps: 1e-8 };

const shape = (
  hidden_size: number,
  num_hidden_layers: number,
  intermediate_size: number,
  num_attention_heads: number,
  vocab_size: number,
) => ({
  model_type: "llama",
  hidden_size,
  num_hidden_layers,
  intermediate_size,
  num_attention_heads,
  num_key_value_heads: num_attention_heads / 2,
  vocab_size,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  tie_word_embeddings: true,
  max_position_embeddings: 2048,
});

/** By name: RMSNorm, grouped-query attention, RoPE, SwiGLU, tied head. */
export const MODELS: Record<string, ModelConfig> = {
  "0.15M": parseConfig(shape(64, 3, 176, 4, 64)),
  "1M": parseConfig(shape(128, 5, 352, 4, 512)),
};

/** Models that groups of completions are learned by, as a config.json says it. */
export const GROUP_MODELS: Record<string, Record<string, unknown>> = {
  "1M": shape(128, 5, 352, 4, 512),
  "9M": shape(320, 7, 864, 8, 1024),
};

/** `prompts` groups of `samples` completions: no two prompts and no two completions begin alike. */
export function batchOfGroups(prompts: number, promptTokens: number, samples: number, tokens: number) {
  const id = (seed: number, t: number) => (seed * 131 + t * t * 7 + t * 29 + seed * t) % 512;
  const run = (seed: number, count: number) => Array.from({ length: count }, (_, t) => id(seed, t));
  return Array.from({ length: prompts * samples }, (_, i) => {
    const prompt = run(1000 + Math.floor(i / samples), promptTokens);
    return { ids: [...prompt, ...run(i, tokens)], prompt_length: promptTokens };
  });
}

/** `SEQUENCES` rows of `TOKENS` + 1 ids: each predicts the next one. */
export function batch({ vocab_size }: ModelConfig): number[][] {
  return Array.from(
    { length: SEQUENCES },
    (_, row) => Array.from({ length: TOKENS + 1 }, (_, t) => (row * 131 + t * t * 7 + t * 29) % vocab_size),
  );
}

/** cos and sin of every (position, pair), the pairs being (i, i + half) of a head. */
export function rope({ head_dim, rope_theta }: ModelConfig): { cos: Float32Array; sin: Float32Array } {
  const half = head_dim / 2;
  const angles = Array.from(
    { length: TOKENS * half },
    (_, i) => Math.fround(Math.floor(i / half) * Math.fround(rope_theta ** (-(i % half) / half))),
  );
  return { cos: Float32Array.from(angles, Math.cos), sin: Float32Array.from(angles, Math.sin) };
}

/**
 * Floating-point operations of one training token in a sequence of `tokens`: 2 a weight of a product forward, 2 a
 * number of the scores and of their product with the values for the tokens seen on average, and twice that backward.
 * Nothing computed again is counted.
 */
export function trainingFlops(config: ModelConfig, tokens: number): { products: number; attention: number } {
  const { products, attention } = forwardFlops(config, (tokens + 1) / 2);
  return { products: 3 * products, attention: 3 * attention };
}

/** The same of one token forward that attends to `seen` tokens. */
export function forwardFlops(config: ModelConfig, seen: number): { products: number; attention: number } {
  const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers, vocab_size } = config;
  const [q, kv] = [config.num_attention_heads, config.num_key_value_heads].map((n) => n * config.head_dim);
  const block = hidden * (q! + 2 * kv!) + q! * hidden + 3 * hidden * inner;
  return { products: 2 * (layers * block + hidden * vocab_size), attention: layers * 4 * q! * seen };
}
