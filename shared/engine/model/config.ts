// A Hugging Face config.json as this engine understands it: Llama, Mistral, Qwen2, Qwen3 and SmolLM3 blocks in the
// spellings of transformers 4 (rope_theta, rope_scaling, torch_dtype) and 5 (rope_parameters, dtype).
//
// Whatever would change the numbers and is not implemented is refused by name: see config_keys.ts.

import * as v from "valibot";
import { oneOf, refuse } from "./config_error.ts";
import { checkKeys } from "./config_keys.ts";
import { layerKeys, type LayerKind, readLayers } from "./layer_kinds.ts";
import { readRope, type Rope, ropeKeys } from "./rope.ts";

/** What differs between the architectures: transformers' names, and what it takes for keys that are absent. */
const ARCHITECTURES = {
  llama: { name: "Llama", context: 2048, kvHeads: null, theta: 1e4, bos: 1, eos: 2 },
  mistral: { name: "Mistral", context: 131072, kvHeads: 8, theta: 1e4, bos: 1, eos: 2 },
  qwen2: { name: "Qwen2", context: 32768, kvHeads: 32, theta: 1e4, bos: null, eos: null },
  qwen3: { name: "Qwen3", context: 32768, kvHeads: 32, theta: 1e4, bos: null, eos: null },
  smollm3: { name: "SmolLM3", context: 32768, kvHeads: 4, theta: 2e6, bos: 128000, eos: 128001 },
};
const MODEL_TYPES = ["llama", "mistral", "qwen2", "qwen3", "smollm3"] as const;

export type ModelType = typeof MODEL_TYPES[number];

/** Sizes in elements; every field is present whatever the file left out. */
export interface ModelConfig extends Rope {
  model_type: ModelType;
  hidden_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  head_dim: number;
  intermediate_size: number;
  vocab_size: number;
  rms_norm_eps: number;
  tie_word_embeddings: boolean;
  /** Biases of the q, k and v projections, of o_proj, and of the three of the MLP. */
  qkv_bias: boolean;
  o_bias: boolean;
  mlp_bias: boolean;
  /** Each head of q and k is normalised before RoPE. */
  qk_norm: boolean;
  /** One a layer. */
  layers: LayerKind[];
  max_position_embeddings: number;
  bos_token_id: number | null;
  /** Any of these ends a generation; empty when the file names none. */
  eos_token_ids: number[];
  /** The file itself, of which `configJson` keeps what it does not write. */
  file: Record<string, unknown>;
}

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const tokenId = v.pipe(v.number(), v.integer());
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
  ...ropeKeys,
  tie_word_embeddings: v.optional(v.boolean()),
  attention_bias: v.nullish(v.boolean(), false),
  mlp_bias: v.nullish(v.boolean(), false),
  ...layerKeys,
  max_position_embeddings: v.optional(count),
  bos_token_id: v.nullish(tokenId),
  eos_token_id: eosSchema,
});

/** The keys of config.json that are used. */
export const USED_KEYS = Object.keys(schema.entries);

/**
 * Reads the parsed JSON of a config.json.
 * @throws TypeError or RangeError naming the key, its value and what is allowed.
 */
export function parseConfig(json: unknown): ModelConfig {
  const type = architectureOf(json);
  checkKeys(json as Record<string, unknown>);
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
  const absent = ARCHITECTURES[type];
  if (raw.hidden_act !== "silu" && raw.hidden_act !== "swish") refuse("hidden_act", `"silu"`, raw.hidden_act);
  const max_position_embeddings = raw.max_position_embeddings ?? absent.context;
  const heads = raw.num_attention_heads;
  const kvHeads = raw.num_key_value_heads === undefined ? absent.kvHeads : raw.num_key_value_heads;
  const config: ModelConfig = {
    model_type: type,
    hidden_size: raw.hidden_size,
    num_hidden_layers: raw.num_hidden_layers,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads ?? heads,
    head_dim: raw.head_dim ?? (type === "qwen3" ? 128 : raw.hidden_size / heads),
    intermediate_size: raw.intermediate_size,
    vocab_size: raw.vocab_size,
    rms_norm_eps: raw.rms_norm_eps,
    ...readRope(raw, { max_position_embeddings, base: absent.theta }),
    tie_word_embeddings: raw.tie_word_embeddings ?? type === "smollm3",
    // Mistral and Qwen2 have no key for their biases, and what stands there is not read.
    qkv_bias: type === "qwen2" || (raw.attention_bias === true && type !== "mistral"),
    o_bias: raw.attention_bias === true && type !== "mistral" && type !== "qwen2",
    mlp_bias: raw.mlp_bias === true && (type === "llama" || type === "smollm3"),
    qk_norm: type === "qwen3",
    layers: readLayers(type, raw.num_hidden_layers, max_position_embeddings, raw),
    max_position_embeddings,
    bos_token_id: raw.bos_token_id === undefined ? absent.bos : raw.bos_token_id,
    eos_token_ids: eosList(raw.eos_token_id === undefined ? absent.eos : raw.eos_token_id),
    file: json as Record<string, unknown>,
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

/**
 * The config.json that transformers 4 and 5 both load: the file that was read, with RoPE in both spellings. `dtype` is
 * that of the weights beside it.
 */
export function configJson(config: ModelConfig, dtype: string): Record<string, unknown> {
  const { rope_scaling, rope_theta, eos_token_ids: eos } = config;
  const { auto_map: _, ...file } = config.file; // names Python files that are not beside the copy
  return {
    architectures: [`${ARCHITECTURES[config.model_type].name}ForCausalLM`],
    bos_token_id: config.bos_token_id,
    eos_token_id: eos.length > 1 ? eos : eos[0] ?? null,
    ...file,
    head_dim: config.head_dim,
    num_key_value_heads: config.num_key_value_heads,
    max_position_embeddings: config.max_position_embeddings,
    tie_word_embeddings: config.tie_word_embeddings,
    rope_theta,
    rope_scaling: rope_scaling && { ...rope_scaling, rope_theta },
    rope_parameters: { ...(rope_scaling ?? { rope_type: "default" }), rope_theta },
    dtype,
    torch_dtype: dtype,
  };
}

/** A foreign architecture is named before anything else that its file says. */
function architectureOf(json: unknown): ModelType {
  const { model_type, architectures } = v.parse(v.looseObject({}), json);
  const type = oneOf("model_type", model_type, MODEL_TYPES);
  const names = Array.isArray(architectures) ? architectures.map(String) : [];
  if (names.length > 0 && !names.some((name) => name.endsWith("ForCausalLM"))) {
    refuse("architectures", `${ARCHITECTURES[type].name}ForCausalLM`, names.join(", "));
  }
  return type;
}

/** A negative id is none: old files say -1. */
function eosList(eos: number | number[] | null | undefined): number[] {
  const list = eos === null || eos === undefined ? [] : Array.isArray(eos) ? eos : [eos];
  return list.filter((id) => id >= 0);
}

/** Kernels load four numbers at a time, RoPE four pairs; only the vocabulary is padded. */
function checkSizes(config: ModelConfig): void {
  for (const name of ["hidden_size", "intermediate_size"] as const) {
    if (config[name] % 4 !== 0) refuse(name, "a multiple of 4", config[name]);
  }
  if (config.head_dim % 8 !== 0) refuse("head_dim", "a multiple of 8", config.head_dim);
  const { num_attention_heads: heads, num_key_value_heads: kvHeads } = config;
  if (heads % kvHeads !== 0) refuse("num_key_value_heads", `a divisor of ${heads}`, kvHeads);
}
