// A GGUF file as a model: its metadata as a config.json and its tensors under Hugging Face's names. Llama's queries and
// keys, whose rows GGUF keeps in the order of interleaved RoPE, come back in the order of halves.

import { GgufFile, type GgufValue } from "#shared/io/gguf.ts";
import type { Rows } from "#shared/io/tensor_file.ts";
import { inverseFrequencies, type RopeScaling } from "./rope.ts";

/** Keys of an architecture that are used, or say nothing about the numbers. */
const KEYS = {
  block_count: "num_hidden_layers",
  context_length: "max_position_embeddings",
  embedding_length: "hidden_size",
  feed_forward_length: "intermediate_size",
  "attention.head_count": "num_attention_heads",
  "attention.head_count_kv": "num_key_value_heads",
  "attention.key_length": "head_dim",
  "attention.layer_norm_rms_epsilon": "rms_norm_eps",
  "rope.freq_base": "rope_theta",
  vocab_size: "vocab_size",
} as const;
const CHECKED = [
  "attention.value_length",
  "rope.dimension_count",
  "rope.scaling.type",
  "rope.scaling.factor",
];
const SCALING = "rope.scaling.original_context_length";
const IGNORED = ["rope.scaling.finetuned"];
/** What each frequency of RoPE is divided by: so llama.cpp's converter writes Llama 3's scaling. */
const ROPE_FACTORS = "rope_freqs.weight";

const NAMES: Record<string, string> = {
  attn_norm: "input_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_q_norm: "self_attn.q_norm",
  attn_k_norm: "self_attn.k_norm",
  attn_output: "self_attn.o_proj",
  ffn_norm: "post_attention_layernorm",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
};

/** The metadata as the config.json that a Hugging Face directory of the same model has. */
export function ggufConfig(
  file: Pick<GgufFile, "path" | "metadata" | "tensors" | "read">,
): Record<string, unknown> {
  const { path, metadata, tensors } = file;
  const kind = metadata.get("general.type") ?? "model";
  if (kind !== "model") {
    throw new TypeError(`Cannot read ${path} as it must hold a model: its general.type is ${kind}`);
  }
  const parts = Number(metadata.get("split.count") ?? 1);
  if (parts > 1) {
    throw new TypeError(
      `Cannot read ${path} as it is one of ${parts} parts of a model: join them with llama-gguf-split --merge`,
    );
  }
  const architecture = String(metadata.get("general.architecture"));
  if (!["llama", "qwen2", "qwen3"].includes(architecture)) {
    throw new TypeError(
      `Cannot read ${path} as its architecture must be one of llama, qwen2, qwen3: current value is ${architecture}`,
    );
  }
  const config: Record<string, unknown> = { model_type: architecture, eos_token_id: null };
  const fail = (key: string, value: unknown) => {
    throw new TypeError(
      `Cannot read ${path} as ${architecture}.${key} is not implemented: current value is ${value}`,
    );
  };
  const get = (key: string) => metadata.get(`${architecture}.${key}`);
  for (const [name, value] of metadata) {
    if (!name.startsWith(`${architecture}.`)) continue;
    const key = name.slice(architecture.length + 1);
    if (key in KEYS) config[KEYS[key as keyof typeof KEYS]] = plain(value);
    else if (![...CHECKED, SCALING, ...IGNORED].includes(key) && value !== 0 && value !== false) {
      fail(key, value);
    }
  }
  const heads = config["num_attention_heads"] as number;
  config["head_dim"] ??= (config["hidden_size"] as number) / heads;
  for (const key of ["attention.value_length", "rope.dimension_count"]) {
    const own = get(key);
    if (own !== undefined && own !== config["head_dim"]) fail(key, own);
  }
  if (tensors.has(ROPE_FACTORS)) {
    const scaling = llama3Scaling(file.read(ROPE_FACTORS), {
      head_dim: config["head_dim"] as number,
      rope_theta: (config["rope_theta"] ?? 10000) as number,
    });
    if (scaling === null) {
      throw new TypeError(
        `Cannot read ${path} as ${ROPE_FACTORS} must hold the factors of a Llama 3 model: current values are others`,
      );
    }
    config["rope_scaling"] = scaling;
  }
  const scaling = get("rope.scaling.type");
  if (scaling !== undefined && scaling !== "none") {
    const factor = plain(get("rope.scaling.factor") ?? 1);
    const length = plain(get(SCALING) ?? (config["max_position_embeddings"] as number));
    if (scaling === "linear") config["rope_scaling"] = { rope_type: "linear", factor };
    else if (scaling === "yarn") {
      config["rope_scaling"] = { rope_type: "yarn", factor, original_max_position_embeddings: length };
    } else fail("rope.scaling.type", scaling);
  }
  const special = (name: string) => metadata.get(`tokenizer.ggml.${name}_token_id`);
  config["vocab_size"] ??= tensors.get("token_embd.weight")?.shape[0];
  config["bos_token_id"] = plain(special("bos") ?? null);
  const ends = ["eos", "eot"].map(special).filter((id) => id !== undefined).map(plain);
  config["eos_token_id"] = ends.length > 0 ? [...new Set(ends)] : null;
  config["tie_word_embeddings"] = !tensors.has("output.weight");
  config["attention_bias"] = architecture !== "qwen2" && tensors.has("blk.0.attn_q.bias");
  return config;
}

/** Llama 3's scaling that gives these factors, with the bounds of all its models; null where none does. */
function llama3Scaling(
  factors: Float32Array,
  rope: { head_dim: number; rope_theta: number },
): RopeScaling | null {
  const [low, high] = [1, 4];
  const factor = Math.max(...factors);
  const frequencies = inverseFrequencies({ ...rope, rope_scaling: null });
  // A pair between the bounds says how many turns it makes over the original context.
  const between = factors.findIndex((own) => own > 1.001 && own < factor * 0.999);
  const share = (1 / factors[between]! - 1 / factor) / (1 - 1 / factor);
  const original_max_position_embeddings = between < 0
    ? 8192
    : Math.round((low + share * (high - low)) * 2 * Math.PI / frequencies[between]!);
  const scaling: RopeScaling = {
    rope_type: "llama3",
    factor,
    low_freq_factor: low,
    high_freq_factor: high,
    original_max_position_embeddings,
  };
  const scaled = inverseFrequencies({ ...rope, rope_scaling: scaling });
  const isSame = factors.length === scaled.length &&
    scaled.every((own, i) => Math.abs(frequencies[i]! / own / factors[i]! - 1) < 1e-5);
  return isSame ? scaling : null;
}

function plain(value: GgufValue | null): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}

/** The tensors of a file, in the way of `WeightFiles`. */
export class GgufWeights {
  readonly tensors: ReadonlyMap<string, { shape: readonly number[] }>;
  readonly #names = new Map<string, string>();

  constructor(readonly file: GgufFile) {
    for (const name of file.tensors.keys()) {
      if (name !== ROPE_FACTORS) this.#names.set(hfName(name), name);
    }
    this.tensors = new Map([...this.#names].map(([hf, name]) => [hf, file.tensors.get(name)!]));
  }

  read(name: string, shape?: readonly number[], rows?: Rows): Float32Array<ArrayBuffer> {
    const { file } = this;
    const own = this.#names.get(name) ?? name;
    const heads = this.#heads(name);
    if (heads === undefined) return file.read(own, shape, rows);
    const whole = file.read(own, shape);
    const count = file.tensors.get(own)!.shape[0]!;
    const cols = whole.length / count;
    const out = new Float32Array((rows?.count ?? count) * cols);
    for (let i = 0; i < out.length / cols; i++) {
      const from = rowOf((rows?.first ?? 0) + i, count / heads);
      out.set(whole.subarray(from * cols, (from + 1) * cols), i * cols);
    }
    return out;
  }

  close(): void {
    this.file.close();
  }

  /** Heads of a tensor whose rows are in another order, or undefined. */
  #heads(name: string): number | undefined {
    const { metadata } = this.file;
    if (metadata.get("general.architecture") !== "llama") return undefined;
    if (name.includes("q_proj")) return Number(metadata.get("llama.attention.head_count"));
    if (!name.includes("k_proj")) return undefined;
    return Number(
      metadata.get("llama.attention.head_count_kv") ?? metadata.get("llama.attention.head_count"),
    );
  }
}

/** Where GGUF has row `row`: elements i and i + width / 2 of a head lie side by side there. */
function rowOf(row: number, width: number): number {
  const [head, within, half] = [Math.floor(row / width), row % width, width / 2];
  return head * width + 2 * (within % half) + Math.floor(within / half);
}

function hfName(name: string): string {
  const [, layer, module, kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  if (module !== undefined && NAMES[module]) return `model.layers.${layer}.${NAMES[module]}.${kind}`;
  const tops: Record<string, string> = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
  };
  return tops[name] ?? name;
}
