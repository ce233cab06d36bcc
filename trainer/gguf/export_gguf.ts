// A Hugging Face directory as the GGUF file that llama.cpp loads: names, metadata and the order of rows as its
// convert_hf_to_gguf.py writes them. What llama.cpp would compute differently is refused.

import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { type ModelConfig } from "#shared/engine/model/config.ts";
import { loadConfig } from "#shared/engine/model/load.ts";
import { inverseFrequencies } from "#shared/engine/model/rope.ts";
import { readText } from "#shared/io/files.ts";
import { type MetadataValue, type OutputTensor, type TensorType, writeGguf } from "#shared/io/gguf_writer.ts";
import { WeightFiles } from "#shared/io/weights.ts";
import { tokenizerMetadata } from "./tokenizer_metadata.ts";

export const GGUF_TYPES = ["f32", "f16", "q8_0"] as const;
export type GgufType = (typeof GGUF_TYPES)[number];

const TENSOR_TYPE: Record<GgufType, TensorType> = { f32: "F32", f16: "F16", q8_0: "Q8_0" };
const FILE_TYPE: Record<GgufType, number> = { f32: 0, f16: 1, q8_0: 7 };
const ARCHITECTURES: Partial<Record<ModelConfig["model_type"], string>> = {
  llama: "llama",
  mistral: "llama",
  qwen2: "qwen2",
  qwen3: "qwen3",
};

/** Writes the model of a directory to a GGUF file. Throws one sentence for what the format or llama.cpp cannot hold. */
export function exportGguf(directory: string, path: string, type: GgufType): void {
  const config = loadConfig(directory);
  const architecture = ARCHITECTURES[config.model_type];
  const refuse = (reason: string) => {
    throw new TypeError(`Cannot export ${directory} as GGUF as ${reason}`);
  };
  if (architecture === undefined) {
    return refuse(`its architecture ${config.model_type} cannot be exported`);
  }
  if (config.layers.some(({ window, rope }) => window !== null || !rope)) {
    return refuse("layers with a sliding window or without RoPE cannot be exported");
  }
  if (architecture !== "qwen2" && config.qkv_bias || config.o_bias || config.mlp_bias) {
    return refuse(`biases of ${config.model_type} cannot be exported`);
  }
  const scaling = config.rope_scaling?.rope_type ?? "default";
  if (scaling === "dynamic" || scaling === "yarn") {
    return refuse(`RoPE of the type ${scaling} cannot be exported`);
  }
  if (type === "q8_0" && (config.hidden_size % 32 !== 0 || config.intermediate_size % 32 !== 0)) {
    return refuse(`q8_0 needs sizes that 32 divides: ${config.hidden_size} and ${config.intermediate_size}`);
  }
  const files = new WeightFiles(directory);
  try {
    const template = join(directory, "chat_template.jinja");
    writeGguf(path, [
      ...modelMetadata(config, architecture, type, basename(resolve(directory))),
      ...tokenizerMetadata(directory, config, existsSync(template) ? readText(template) : null),
    ], tensorsOf(config, architecture, TENSOR_TYPE[type], files));
  } finally {
    files.close();
  }
}

function modelMetadata(
  config: ModelConfig,
  architecture: string,
  type: GgufType,
  name: string,
): [string, MetadataValue][] {
  const own = (
    key: string,
    value: MetadataValue,
  ): [string, MetadataValue] => [`${architecture}.${key}`, value];
  const { rope_scaling } = config;
  return [
    ["general.architecture", { string: architecture }],
    ["general.name", { string: name }],
    ["general.file_type", { u32: FILE_TYPE[type] }],
    own("context_length", { u32: config.max_position_embeddings }),
    own("embedding_length", { u32: config.hidden_size }),
    own("block_count", { u32: config.num_hidden_layers }),
    own("feed_forward_length", { u32: config.intermediate_size }),
    own("attention.head_count", { u32: config.num_attention_heads }),
    own("attention.head_count_kv", { u32: config.num_key_value_heads }),
    own("attention.layer_norm_rms_epsilon", { f32: config.rms_norm_eps }),
    own("attention.key_length", { u32: config.head_dim }),
    own("attention.value_length", { u32: config.head_dim }),
    own("vocab_size", { u32: config.vocab_size }),
    own("rope.dimension_count", { u32: config.head_dim }),
    own("rope.freq_base", { f32: config.rope_theta }),
    ...(rope_scaling?.rope_type === "linear"
      ? [
        own("rope.scaling.type", { string: "linear" }),
        own("rope.scaling.factor", { f32: rope_scaling.factor }),
      ]
      : []),
  ];
}

/** The tensors in llama.cpp's names and order of rows. */
export function tensorsOf(
  config: ModelConfig,
  architecture: string,
  type: TensorType,
  files: WeightFiles,
): OutputTensor[] {
  const { hidden_size: hidden, intermediate_size: inner, vocab_size, head_dim } = config;
  const [q, kv] = [config.num_attention_heads * head_dim, config.num_key_value_heads * head_dim];
  const matrix = (name: string, hf: string, shape: number[]): OutputTensor => ({
    name,
    shape,
    type,
    read: () => files.read(`${hf}.weight`, shape),
  });
  /** Vectors stay f32, as llama.cpp wants them. */
  const vector = (name: string, hf: string, size: number): OutputTensor => ({
    name,
    shape: [size],
    type: "F32",
    read: () => files.read(hf, [size]),
  });
  const rotated = (tensor: OutputTensor): OutputTensor =>
    architecture === "llama"
      ? { ...tensor, read: () => pairsTogether(tensor.read(), hidden, head_dim) }
      : tensor;
  const tensors = [
    matrix("token_embd.weight", "model.embed_tokens", [vocab_size, hidden]),
    vector("output_norm.weight", "model.norm.weight", hidden),
  ];
  if (!config.tie_word_embeddings) tensors.push(matrix("output.weight", "lm_head", [vocab_size, hidden]));
  if (config.rope_scaling?.rope_type === "llama3") tensors.push(frequencyFactors(config));
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const [to, from] = [`blk.${i}`, `model.layers.${i}`];
    tensors.push(
      vector(`${to}.attn_norm.weight`, `${from}.input_layernorm.weight`, hidden),
      rotated(matrix(`${to}.attn_q.weight`, `${from}.self_attn.q_proj`, [q, hidden])),
      rotated(matrix(`${to}.attn_k.weight`, `${from}.self_attn.k_proj`, [kv, hidden])),
      matrix(`${to}.attn_v.weight`, `${from}.self_attn.v_proj`, [kv, hidden]),
      matrix(`${to}.attn_output.weight`, `${from}.self_attn.o_proj`, [hidden, q]),
      vector(`${to}.ffn_norm.weight`, `${from}.post_attention_layernorm.weight`, hidden),
      matrix(`${to}.ffn_gate.weight`, `${from}.mlp.gate_proj`, [inner, hidden]),
      matrix(`${to}.ffn_up.weight`, `${from}.mlp.up_proj`, [inner, hidden]),
      matrix(`${to}.ffn_down.weight`, `${from}.mlp.down_proj`, [hidden, inner]),
    );
    if (config.qkv_bias) {
      tensors.push(
        vector(`${to}.attn_q.bias`, `${from}.self_attn.q_proj.bias`, q),
        vector(`${to}.attn_k.bias`, `${from}.self_attn.k_proj.bias`, kv),
        vector(`${to}.attn_v.bias`, `${from}.self_attn.v_proj.bias`, kv),
      );
    }
    if (config.qk_norm) {
      tensors.push(
        vector(`${to}.attn_q_norm.weight`, `${from}.self_attn.q_norm.weight`, head_dim),
        vector(`${to}.attn_k_norm.weight`, `${from}.self_attn.k_norm.weight`, head_dim),
      );
    }
  }
  return tensors;
}

/** Llama 3's scaling of RoPE as what each frequency is divided by. */
function frequencyFactors(config: ModelConfig): OutputTensor {
  const plain = inverseFrequencies({ ...config, rope_scaling: null });
  const scaled = inverseFrequencies(config);
  const factors = Float32Array.from(plain, (frequency, i) => frequency / scaled[i]!);
  return { name: "rope_freqs.weight", shape: [factors.length], type: "F32", read: () => factors };
}

/** RoPE turns rows i and i + half of a head in Hugging Face's layout, 2i and 2i + 1 in that of llama.cpp's Llama. */
function pairsTogether(data: Float32Array, columns: number, headDim: number): Float32Array {
  const moved = new Float32Array(data.length);
  const half = headDim / 2;
  for (let row = 0; row < data.length / columns; row++) {
    const inHead = row % headDim;
    const target = row - inHead + (inHead % half) * 2 + Math.floor(inHead / half);
    moved.set(data.subarray(row * columns, (row + 1) * columns), target * columns);
  }
  return moved;
}
