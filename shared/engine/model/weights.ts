// The parameters of a model on the GPU. `parameters()` lists them in one fixed order; gradients and optimizer moments
// mirror that list.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import type { LowRank } from "#shared/engine/ops/storage/unpack.ts";
import { bytesOf, checkDtype, type Dtype } from "#shared/engine/ops/storage/dtype.ts";
import { biasOf, blockLayouts } from "./block.ts";
import type { ModelConfig } from "./config.ts";
import type { LayerKind } from "./layer_kinds.ts";
import { type ParameterLayout, type TensorSource, vectorLayout } from "./layout.ts";
import { attentionFactor, inverseFrequencies } from "./rope.ts";

export interface Parameter extends ParameterLayout {
  buffer: GPUBuffer;
  /** In 16 bits it is read through storage.ts. */
  dtype: Dtype;
  /** Of a matrix in whose product it is added, (cols). */
  bias?: Parameter;
}

/** A block as forward, backward and decode see it. */
export interface LayerWeights extends LayerKind {
  input_layernorm: Parameter; // (hidden)
  qkv: Parameter; // (hidden, (heads + 2 kvHeads) * head_dim)
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
function storedAs({ rows }: ParameterLayout, dtype: Dtype): Dtype {
  return rows > 1 ? dtype : "float32";
}

/** Every parameter of the model in the order of `Model.parameters()`. */
export function parameterLayouts(config: ModelConfig): ParameterLayout[] {
  const { hidden_size: hidden, vocab_size: vocab } = config;
  const table = (name: string, tensor: string): ParameterLayout => ({
    name,
    rows: paddedVocabulary(config),
    cols: hidden,
    decay: true,
    sources: [{ name: tensor, shape: [vocab, hidden], transposed: false, column: 0 }],
  });
  const blocks = Array.from(
    { length: config.num_hidden_layers },
    (_, i) =>
      blockLayouts(config, `model.layers.${i}.`).map((own) => ({ ...own, name: `layers.${i}.${own.name}` })),
  );
  return [
    table("embed_tokens", "model.embed_tokens.weight"),
    ...blocks.flat(),
    vectorLayout("norm", [["model.norm.weight", hidden]]),
    ...(config.tie_word_embeddings ? [] : [table("lm_head", "lm_head.weight")]),
  ];
}

export class Model {
  readonly embed_tokens: Parameter;
  readonly layers: LayerWeights[];
  readonly norm: Parameter;
  /** The matrix of the head: `embed_tokens` itself when tied. */
  readonly head: Parameter;
  /** Of matrices in 16 bits, by Hugging Face's name: products that are part of them wherever they are read. */
  readonly adapters = new Map<string, LowRank>();
  /** Where matrices with adapters are unpacked, one at a time; allocated by whoever adds adapters. */
  unpacked: GPUBuffer | undefined;
  readonly #parameters: Parameter[];
  /** By whether they rotate. */
  readonly #ropeTables = new Map<boolean, { positions: number; buffer: GPUBuffer }>();

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
    for (const parameter of this.#parameters) {
      const bias = byName.get(biasOf(parameter.name));
      if (bias) parameter.bias = bias;
    }
    const names = blockLayouts(config).map(({ name }) => name);
    this.layers = config.layers.map((kind, i) => ({
      ...kind,
      ...Object.fromEntries(names.map((name) => [name, get(`layers.${i}.${name}`)])) as Omit<
        LayerWeights,
        keyof LayerKind
      >,
    }));
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
    const sizeOf = (source: TensorSource) => source.shape.reduce((a, b) => a * b, 1);
    return this.#parameters.flatMap((p) => p.sources).reduce((sum, source) => sum + sizeOf(source), 0);
  }

  /**
   * cos and sin of every (position, pair), interleaved, for positions 0 to at least `positions` - 1; of a layer
   * without RoPE 1 and 0. Computed on the CPU, as WGSL's cos is only good to 2^-11; angles are rounded to f32 as
   * transformers does.
   */
  ropeTable(positions: number, { rope }: Pick<LayerKind, "rope">): GPUBuffer {
    const kept = this.#ropeTables.get(rope);
    if (kept && kept.positions >= positions) return kept.buffer;
    const capacity = Math.max(64, 2 ** Math.ceil(Math.log2(positions)));
    const frequencies = Float32Array.from(inverseFrequencies(this.config)).map((own) => rope ? own : 0);
    const factor = rope ? attentionFactor(this.config) : 1;
    const half = frequencies.length;
    const table = new Float32Array(capacity * half * 2);
    for (let position = 0; position < capacity; position++) {
      for (let i = 0; i < half; i++) {
        const angle = Math.fround(position * frequencies[i]!);
        table[(position * half + i) * 2] = Math.cos(angle) * factor;
        table[(position * half + i) * 2 + 1] = Math.sin(angle) * factor;
      }
    }
    if (kept) this.gpu.release(kept.buffer);
    const buffer = this.gpu.upload(rope ? "rope table" : "table without rope", table);
    this.#ropeTables.set(rope, { positions: capacity, buffer });
    return buffer;
  }

  destroy(): void {
    this.gpu.release(...this.#parameters.map((parameter) => parameter.buffer));
    for (const { buffer } of this.#ropeTables.values()) this.gpu.release(buffer);
    this.#ropeTables.clear();
  }
}
