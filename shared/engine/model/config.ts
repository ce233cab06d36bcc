// A Hugging Face config.json as this engine understands it: Llama, Mistral, Qwen2 and Qwen3 blocks in the
// spellings of transformers 4 (rope_theta, rope_scaling, torch_dtype) and 5 (rope_parameters, dtype).
//
// Whatever would change the numbers and is not implemented is refused by name; other keys are ignored.

import * as v from "valibot";
import { readWindow, windowKeys } from "./context.ts";

const MODEL_TYPES = ["llama", "mistral", "qwen2", "qwen3"] as const;
const ROPE_TYPES = ["default", "llama3"] as const;
/** transformers' defaults of max_position_embeddings. */
const CONTEXTS = { llama: 2048, mistral: 131072, qwen2: 32768, qwen3: 32768 };

export type ModelType = typeof MODEL_TYPES[number];

/** Llama 3.1's stretching of the low RoPE frequencies. */
export interface Llama3Scaling {
  factor: number;
  low_freq_factor: number;
  high_freq_factor: number;
  original_max_position_embeddings: number;
}

/** Sizes in elements; every field is present whatever the file left out. */
export interface ModelConfig {
  model_type: ModelType;
  hidden_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  head_dim: number;
  intermediate_size: number;
  vocab_size: number;
  rms_norm_eps: number;
  rope_theta: number;
  rope_scaling: Llama3Scaling | null;
  tie_word_embeddings: boolean;
  /** Bias on the q, k and v projections (Qwen2). */
  attention_bias: boolean;
  max_position_embeddings: number;
  /** How many tokens back attention sees, where the context is longer; context.ts says what follows. */
  sliding_window: number | null;
  /** The keys of the file on its window, for saving. */
  window_keys: Record<string, unknown>;
  bos_token_id: number | null;
  /** Any of these ends a generation; empty when the file names none. */
  eos_token_ids: number[];
}

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const tokenId = v.pipe(v.number(), v.integer(), v.minValue(0));
const ropeParameters = v.looseObject({
  rope_type: v.optional(v.string()),
  type: v.optional(v.string()), // transformers before 4.43
  rope_theta: v.optional(v.number()),
  factor: v.optional(v.number()),
  low_freq_factor: v.optional(v.number()),
  high_freq_factor: v.optional(v.number()),
  original_max_position_embeddings: v.optional(count),
});
const eosSchema = v.nullish(v.union([tokenId, v.array(tokenId)]));
const schema = v.looseObject({
  model_type: v.string(),
  hidden_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: v.nullish(count),
  head_dim: v.nullish(count),
  intermediate_size: count,
  vocab_size: count,
  hidden_act: v.optional(v.string(), "silu"),
  rms_norm_eps: v.optional(v.number(), 1e-6),
  rope_theta: v.optional(v.number()),
  rope_scaling: v.nullish(ropeParameters),
  rope_parameters: v.nullish(ropeParameters),
  tie_word_embeddings: v.optional(v.boolean(), false),
  attention_bias: v.optional(v.boolean(), false),
  mlp_bias: v.optional(v.boolean(), false),
  ...windowKeys,
  max_position_embeddings: v.optional(count),
  bos_token_id: v.nullish(tokenId),
  eos_token_id: eosSchema,
});

/**
 * Reads the parsed JSON of a config.json.
 * @throws TypeError or RangeError naming the key, its value and what is allowed.
 */
export function parseConfig(json: unknown): ModelConfig {
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw new TypeError(
      `Cannot read config.json as ${v.getDotPath(issue) ?? "it"} must be of type ${
        issue.expected ?? "valid"
      }: current value is ${issue.received}`,
    );
  }
  const raw = parsed.output;
  const type = oneOf("model_type", raw.model_type, MODEL_TYPES);
  require(raw.hidden_act === "silu", "hidden_act", `"silu"`, raw.hidden_act);
  require(!raw.mlp_bias, "mlp_bias", "false", raw.mlp_bias);
  require(
    type === "qwen2" || !raw.attention_bias,
    "attention_bias",
    `false in a ${type} model`,
    raw.attention_bias,
  );
  const max_position_embeddings = raw.max_position_embeddings ?? CONTEXTS[type];
  const { window, window_keys } = readWindow(type, raw.num_hidden_layers, raw);
  const config: ModelConfig = {
    model_type: type,
    hidden_size: raw.hidden_size,
    num_hidden_layers: raw.num_hidden_layers,
    num_attention_heads: raw.num_attention_heads,
    num_key_value_heads: raw.num_key_value_heads ?? raw.num_attention_heads,
    // transformers gives Qwen3 a default of its own.
    head_dim: raw.head_dim ?? (type === "qwen3" ? 128 : raw.hidden_size / raw.num_attention_heads),
    intermediate_size: raw.intermediate_size,
    vocab_size: raw.vocab_size,
    rms_norm_eps: raw.rms_norm_eps,
    ...readRope(raw),
    tie_word_embeddings: raw.tie_word_embeddings,
    attention_bias: type === "qwen2",
    max_position_embeddings,
    sliding_window: window !== null && window < max_position_embeddings ? window : null,
    window_keys,
    bos_token_id: raw.bos_token_id ?? null,
    eos_token_ids: eosList(raw.eos_token_id),
  };
  checkSizes(config);
  return config;
}

/** The eos_token_id of a config.json or generation_config.json (number, list, null or absent) as a list. */
export function parseEos(json: unknown): number[] {
  const parsed = v.safeParse(v.looseObject({ eos_token_id: eosSchema }), json);
  if (!parsed.success) {
    throw new TypeError(
      `Cannot read eos_token_id as it must be a number, a list of numbers or null: current value is ${
        parsed.issues[0].received
      }`,
    );
  }
  return eosList(parsed.output.eos_token_id);
}

/** The config.json that transformers 4 and 5 both load. `dtype` is that of the weights beside it. */
export function configJson(config: ModelConfig, dtype: string): Record<string, unknown> {
  const { eos_token_ids, rope_scaling, attention_bias, sliding_window: _, window_keys, ...same } = config;
  const scaling = rope_scaling && { rope_type: "llama3", ...rope_scaling };
  const architecture = { llama: "Llama", mistral: "Mistral", qwen2: "Qwen2", qwen3: "Qwen3" };
  return {
    architectures: [`${architecture[config.model_type]}ForCausalLM`],
    ...same,
    ...(config.model_type === "qwen2" ? {} : { attention_bias }),
    ...window_keys,
    hidden_act: "silu",
    rope_scaling: scaling,
    rope_parameters: { ...(scaling ?? { rope_type: "default" }), rope_theta: config.rope_theta },
    eos_token_id: eos_token_ids.length > 1 ? eos_token_ids : eos_token_ids[0] ?? null,
    dtype,
    torch_dtype: dtype,
  };
}

/**
 * RoPE frequencies in radians per position, head_dim / 2 of them: theta^(-2i / head_dim), stretched as in
 * transformers' `_compute_llama3_parameters` when the model says so.
 */
export function inverseFrequencies(config: ModelConfig): Float64Array {
  const { head_dim, rope_theta, rope_scaling: scaling } = config;
  return Float64Array.from({ length: head_dim / 2 }, (_, i) => {
    const frequency = rope_theta ** (-2 * i / head_dim);
    if (!scaling) return frequency;
    const { factor, low_freq_factor: low, high_freq_factor: high } = scaling;
    const turns = scaling.original_max_position_embeddings * frequency / (2 * Math.PI);
    if (turns > high) return frequency;
    if (turns < low) return frequency / factor;
    const smooth = (turns - low) / (high - low);
    return (1 - smooth) * frequency / factor + smooth * frequency;
  });
}

/** Qwen3 normalises each head of q and k before RoPE. */
export function hasQkNorm(config: ModelConfig): boolean {
  return config.model_type === "qwen3";
}

function readRope(raw: v.InferOutput<typeof schema>): Pick<ModelConfig, "rope_theta" | "rope_scaling"> {
  const rope = raw.rope_parameters ?? raw.rope_scaling ?? {};
  const rope_theta = rope.rope_theta ?? raw.rope_theta ?? 10000;
  const type = oneOf("RoPE type", rope.rope_type ?? rope.type ?? "default", ROPE_TYPES);
  if (type === "default") return { rope_theta, rope_scaling: null };
  const number = (name: keyof Llama3Scaling) => {
    const value = rope[name];
    if (value === undefined) throw new TypeError(`Cannot read config.json as llama3 RoPE needs ${name}`);
    return value;
  };
  return {
    rope_theta,
    rope_scaling: {
      factor: number("factor"),
      low_freq_factor: number("low_freq_factor"),
      high_freq_factor: number("high_freq_factor"),
      original_max_position_embeddings: number("original_max_position_embeddings"),
    },
  };
}

function eosList(eos: number | number[] | null | undefined): number[] {
  return eos === null || eos === undefined ? [] : Array.isArray(eos) ? eos : [eos];
}

/** Kernels load four numbers at a time, RoPE four pairs; only the vocabulary is padded. */
function checkSizes(config: ModelConfig): void {
  for (const name of ["hidden_size", "intermediate_size"] as const) {
    require(config[name] % 4 === 0, name, "a multiple of 4", config[name]);
  }
  require(config.head_dim % 8 === 0, "head_dim", "a multiple of 8", config.head_dim);
  const { num_attention_heads: heads, num_key_value_heads: kvHeads } = config;
  require(heads % kvHeads === 0, "num_key_value_heads", `a divisor of ${heads}`, kvHeads);
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((item) => item === value);
  if (found === undefined) {
    throw new TypeError(
      `Cannot read config.json as ${name} must be one of ${allowed.join(", ")}: current value is "${value}"`,
    );
  }
  return found;
}

function require(condition: boolean, name: string, allowed: string, value: unknown): void {
  if (!condition) {
    throw new RangeError(`Cannot read config.json as ${name} must be ${allowed}: current value is ${value}`);
  }
}
