// The parameters of a model on the GPU. Matrices lie as (in, out), the transpose of Hugging Face's, so that the
// forward pass is an NN product; q, k, v and gate, up are joined by columns into one matrix.
//
// `parameters()` lists them in one fixed order; gradients and optimizer moments mirror that list.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import type { Rows } from "#shared/io/safetensors.ts";
import type { LowRank } from "#shared/engine/ops/storage/unpack.ts";
import { bytesOf, checkDtype, type Dtype } from "#shared/engine/ops/storage/dtype.ts";
import { hasQkNorm, inverseFrequencies, type ModelConfig } from "./config.ts";

/** Where one Hugging Face tensor sits inside a parameter. */
export interface Source {
  name: string;
  shape: number[];
  /** The parameter's columns [column, column + shape[0]) hold the transposed tensor; otherwise it lies as is. */
  transposed: boolean;
  column: number;
}

/** A parameter without its buffer: row-major (rows, cols); vectors have one row. */
export interface ParameterLayout {
  name: string;
  rows: number;
  cols: number;
  /** Whether weight decay applies: matrices yes, norms and biases no. */
  decay: boolean;
  sources: Source[];
}

export interface Parameter extends ParameterLayout {
  buffer: GPUBuffer;
  /** In 16 bits it is read through storage.ts. */
  dtype: Dtype;
}

export interface LayerWeights {
  input_layernorm: Parameter; // (hidden)
  qkv: Parameter; // (hidden, (heads + 2 kvHeads) * head_dim)
  qkv_bias?: Parameter;
  q_norm?: Parameter; // (head_dim)
  k_norm?: Parameter;
  o_proj: Parameter; // (heads * head_dim, hidden)
  post_attention_layernorm: Parameter;
  gate_up: Parameter; // (hidden, 2 * intermediate), gate columns first
  down_proj: Parameter; // (intermediate, hidden)
}

/** Vocabulary rows of the embedding and columns of the logits: the next multiple of 4. */
export function paddedVocabulary(config: ModelConfig): number {
  return Math.ceil(config.vocab_size / 4) * 4;
}

/** Matrices take the model's type; norms and biases are few numbers and stay f32. */
export function storedAs({ rows }: ParameterLayout, dtype: Dtype): Dtype {
  return rows > 1 ? dtype : "float32";
}

/** Every parameter of the model in the order of `Model.parameters()`. */
export function parameterLayouts(config: ModelConfig): ParameterLayout[] {
  const { hidden_size: hidden, intermediate_size: inner, vocab_size: vocab, head_dim } = config;
  const q = config.num_attention_heads * head_dim;
  const kv = config.num_key_value_heads * head_dim;
  const table = (name: string, tensor: string): ParameterLayout => ({
    name,
    rows: paddedVocabulary(config),
    cols: hidden,
    decay: true,
    sources: [{ name: tensor, shape: [vocab, hidden], transposed: false, column: 0 }],
  });
  const vector = (name: string, tensors: [string, number][]): ParameterLayout => ({
    name,
    ...join(tensors, (size) => [size]),
    rows: 1,
    decay: false,
  });
  const matrix = (name: string, rows: number, tensors: [string, number][]): ParameterLayout => ({
    name,
    ...join(tensors, (size) => [size, rows]),
    rows,
    decay: true,
  });
  const layouts = [table("embed_tokens", "model.embed_tokens.weight")];
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const [here, hf] = [`layers.${i}.`, `model.layers.${i}.`];
    const attention = `${hf}self_attn.`;
    layouts.push(vector(`${here}input_layernorm`, [[`${hf}input_layernorm.weight`, hidden]]));
    layouts.push(matrix(`${here}qkv`, hidden, [
      [`${attention}q_proj.weight`, q],
      [`${attention}k_proj.weight`, kv],
      [`${attention}v_proj.weight`, kv],
    ]));
    if (config.attention_bias) {
      layouts.push(vector(`${here}qkv_bias`, [
        [`${attention}q_proj.bias`, q],
        [`${attention}k_proj.bias`, kv],
        [`${attention}v_proj.bias`, kv],
      ]));
    }
    if (hasQkNorm(config)) {
      layouts.push(vector(`${here}q_norm`, [[`${attention}q_norm.weight`, head_dim]]));
      layouts.push(vector(`${here}k_norm`, [[`${attention}k_norm.weight`, head_dim]]));
    }
    layouts.push(matrix(`${here}o_proj`, q, [[`${attention}o_proj.weight`, hidden]]));
    layouts.push(
      vector(`${here}post_attention_layernorm`, [[`${hf}post_attention_layernorm.weight`, hidden]]),
    );
    layouts.push(matrix(`${here}gate_up`, hidden, [
      [`${hf}mlp.gate_proj.weight`, inner],
      [`${hf}mlp.up_proj.weight`, inner],
    ]));
    layouts.push(matrix(`${here}down_proj`, inner, [[`${hf}mlp.down_proj.weight`, hidden]]));
  }
  layouts.push(vector("norm", [["model.norm.weight", hidden]]));
  if (!config.tie_word_embeddings) layouts.push(table("lm_head", "lm_head.weight"));
  return layouts;
}

function join(tensors: [string, number][], shapeOf: (size: number) => number[]) {
  let cols = 0;
  const sources = tensors.map(([name, size]): Source => {
    const shape = shapeOf(size);
    const source = { name, shape, transposed: shape.length === 2, column: cols };
    cols += size;
    return source;
  });
  return { cols, sources };
}

export class Model {
  readonly embed_tokens: Parameter;
  readonly layers: LayerWeights[];
  readonly norm: Parameter;
  /** The matrix of the head: `embed_tokens` itself when tied. */
  readonly head: Parameter;
  /** Of matrices in 16 bits, by Hugging Face's name: products that are part of them wherever they are read. */
  readonly adapters = new Map<string, LowRank>();
  /** Where matrices with adapters are unpacked, one at a time; whoever adds adapters brings it. */
  unpacked: GPUBuffer | undefined;
  readonly #parameters: Parameter[];
  #ropeTable: { positions: number; buffer: GPUBuffer } | undefined;

  /**
   * Allocates every parameter, zeroed; fill them with `load`, `initialise` or `writeParameter`.
   * @throws Error when the adapter cannot read the type.
   */
  constructor(readonly gpu: Gpu, readonly config: ModelConfig, readonly dtype: Dtype = "float32") {
    checkDtype(gpu, dtype);
    const layouts = parameterLayouts(config);
    this.#parameters = layouts.map((layout) => {
      const own = storedAs(layout, dtype);
      const buffer = gpu.allocate(layout.name, layout.rows * layout.cols * bytesOf(own));
      return { ...layout, dtype: own, buffer };
    });
    const byName = new Map(this.#parameters.map((parameter) => [parameter.name, parameter]));
    const get = (name: string) => byName.get(name)!;
    this.embed_tokens = get("embed_tokens");
    this.norm = get("norm");
    this.head = byName.get("lm_head") ?? this.embed_tokens;
    this.layers = Array.from({ length: config.num_hidden_layers }, (_, i) => {
      const at = (name: string) => get(`layers.${i}.${name}`);
      return {
        input_layernorm: at("input_layernorm"),
        qkv: at("qkv"),
        ...(config.attention_bias ? { qkv_bias: at("qkv_bias") } : {}),
        ...(hasQkNorm(config) ? { q_norm: at("q_norm"), k_norm: at("k_norm") } : {}),
        o_proj: at("o_proj"),
        post_attention_layernorm: at("post_attention_layernorm"),
        gate_up: at("gate_up"),
        down_proj: at("down_proj"),
      };
    });
  }

  parameters(): readonly Parameter[] {
    return this.#parameters;
  }

  /** The matrices that `adapters` belong to. */
  adapted(): Parameter[] {
    return this.#parameters.filter(({ sources }) => sources.some(({ name }) => this.adapters.has(name)));
  }

  /** Numbers trained; padding rows of the vocabulary are not counted. */
  get size(): number {
    const sizeOf = (source: Source) => source.shape.reduce((a, b) => a * b, 1);
    return this.#parameters.flatMap((p) => p.sources).reduce((sum, source) => sum + sizeOf(source), 0);
  }

  /**
   * cos and sin of every (position, pair), interleaved, for positions 0 to at least `positions` - 1. Computed
   * on the CPU, as WGSL's cos is only good to 2^-11; angles are rounded to f32 as transformers does.
   */
  ropeTable(positions: number): GPUBuffer {
    if (this.#ropeTable && this.#ropeTable.positions >= positions) return this.#ropeTable.buffer;
    const capacity = Math.max(64, 2 ** Math.ceil(Math.log2(positions)));
    const frequencies = Float32Array.from(inverseFrequencies(this.config));
    const half = frequencies.length;
    const table = new Float32Array(capacity * half * 2);
    for (let position = 0; position < capacity; position++) {
      for (let i = 0; i < half; i++) {
        const angle = Math.fround(position * frequencies[i]!);
        table[(position * half + i) * 2] = Math.cos(angle);
        table[(position * half + i) * 2 + 1] = Math.sin(angle);
      }
    }
    if (this.#ropeTable) this.gpu.release(this.#ropeTable.buffer);
    this.#ropeTable = { positions: capacity, buffer: this.gpu.upload("rope table", table) };
    return this.#ropeTable.buffer;
  }

  destroy(): void {
    this.gpu.release(...this.#parameters.map((parameter) => parameter.buffer));
    if (this.#ropeTable) this.gpu.release(this.#ropeTable.buffer);
    this.#ropeTable = undefined;
  }
}

export interface HfTensor {
  name: string;
  shape: number[];
  data: Float32Array;
}

/** Cuts a parameter's data (rows * cols numbers: weights, gradients, moments) into Hugging Face tensors. */
export function toHf(layout: ParameterLayout, data: Float32Array): HfTensor[] {
  return layout.sources.map(({ name, shape, transposed, column }) => {
    if (!transposed) {
      const size = shape.reduce((a, b) => a * b, 1);
      return { name, shape, data: data.slice(column, column + size) };
    }
    const [outputs, inputs] = shape as [number, number];
    const tensor = new Float32Array(outputs * inputs);
    for (let i = 0; i < inputs; i++) {
      const row = i * layout.cols + column;
      for (let o = 0; o < outputs; o++) tensor[o * inputs + i] = data[row + o]!;
    }
    return { name, shape, data: tensor };
  });
}

/** Rows of a Hugging Face tensor in blocks of about a million numbers: the host holds no more of it at a time. */
export function* rowBlocks([rows, ...inner]: readonly number[]): Generator<Rows> {
  const most = Math.max(1, Math.floor((1 << 20) / inner.reduce((a, b) => a * b, 1)));
  for (let first = 0; first < rows!; first += most) yield { first, count: Math.min(most, rows! - first) };
}

/**
 * The inverse of `toHf`; `read` returns those rows of the named tensor, which has the source's shape.
 * @param data where to put the numbers; what no tensor covers, such as padding rows of a table, stays as it is
 */
export function fromHf(
  layout: ParameterLayout,
  read: (source: Source, rows: Rows) => Float32Array,
  data = new Float32Array(layout.rows * layout.cols),
): Float32Array {
  for (const source of layout.sources) {
    const { column, shape, transposed } = source;
    const inputs = shape[1] ?? 1;
    for (const { first, count } of rowBlocks(shape)) {
      const tensor = read(source, { first, count });
      if (!transposed) {
        data.set(tensor, column + first * inputs);
        continue;
      }
      for (let i = 0; i < inputs; i++) {
        const row = i * layout.cols + column + first;
        for (let o = 0; o < count; o++) data[row + o] = tensor[o * inputs + i]!;
      }
    }
  }
  return data;
}
