// A decode step of a small model on a CPU driver: two dispatches a layer, attention and all products up to the next one
// (see decode_step.wgsl), or for few rows one dispatch for many tokens (decode_row.wgsl). The program is the table of those products; the matrices are copied, in the order in which
// they are read and times the norm before them.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import type { Recorder } from "#shared/engine/gpu/recorder.ts";
import { attendsInSubgroups, decodeAttentionOfWork } from "#shared/engine/ops/attention/decode_attention.ts";
import { decodeRows, rowProgram } from "#shared/engine/ops/decode/decode_row.ts";
import {
  decodeStep,
  packedQuads,
  packForStep,
  type StepProduct,
  stepTable,
} from "#shared/engine/ops/decode/decode_step.ts";
import { biasOf, blockLayouts } from "#shared/engine/model/block.ts";
import type { ModelConfig } from "#shared/engine/model/config.ts";
import type { KvPools } from "./kv_pools.ts";
import type { BlockOptions, StepBuffers, StepOptions } from "./step.ts";
import { weightForMatmul } from "#shared/engine/model/storage.ts";
import { type Model, paddedVocabulary, type Parameter } from "#shared/engine/model/weights.ts";

/** Most rows that are computed each by itself. */
const ROWS_ALONE = 4;

/** Whether models of this shape are decoded so: it must not depend on the rows, as sums would differ in last bits. */
export function decodesByProgram(gpu: Pick<Gpu, "subgroups8" | "largestCopy">, config: ModelConfig): boolean {
  return attendsInSubgroups(gpu, config.head_dim) && copyBytes(config) <= gpu.largestCopy;
}

/** Bytes of the copied matrices. */
function copyBytes(config: ModelConfig): number {
  return programOf(config).quads * 16;
}

/** Bytes of what a row is computed with. */
export function workBytes(config: ModelConfig): number {
  return placesOf(config).stride * 16;
}

/** A matrix to be packed for a product, or a vector to be copied. */
interface Part {
  parameter: (model: Model) => Parameter;
  norm?: (model: Model) => Parameter;
  first: number;
  product?: StepProduct;
}

type Linear = [
  product: Pick<StepProduct, "kind" | "depth" | "quads" | "x" | "out">,
  norm?: (model: Model) => Parameter,
];

/** Where the parts of a row of `work` begin, in quads; the residual stream is the first. */
function placesOf(config: ModelConfig) {
  const { num_attention_heads: heads, num_key_value_heads: kvHeads, head_dim } = config;
  const projected = config.hidden_size / 4;
  const attended = projected + (heads + 2 * kvHeads) * head_dim / 4;
  const inner = attended + heads * head_dim / 4;
  const logits = inner + config.intermediate_size / 4;
  return { projected, attended, inner, logits, stride: logits + paddedVocabulary(config) / 4 };
}

/** The products in order, and what the copy consists of. */
function programOf(config: ModelConfig) {
  const { hidden_size, intermediate_size, head_dim } = config;
  const places = placesOf(config);
  const [hidden, intermediate] = [hidden_size / 4, intermediate_size / 4];
  const attended = config.num_attention_heads * head_dim / 4;
  const projected = attended + 2 * config.num_key_value_heads * head_dim / 4;
  const parts: Part[] = [];
  const products: StepProduct[] = [];
  const qkNorms: number[] = [];
  let quads = 16; // place 0 stands for no bias, and bindings begin at multiples of 16 quads
  const vector = (parameter: Part["parameter"], count: number) => {
    parts.push({ parameter, first: quads });
    quads += count;
    return quads - count;
  };
  const matrix = (
    parameter: Part["parameter"],
    product: Pick<StepProduct, "kind" | "depth" | "quads" | "x" | "out"> & { bias?: number },
    norm?: (model: Model) => Parameter,
  ) => {
    const placed = { bias: 0, ...product, w: quads };
    products.push(placed);
    parts.push({ parameter, ...(norm && { norm }), first: quads, product: placed });
    quads += packedQuads(placed);
  };
  const names = blockLayouts(config).map(({ name }) => name);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const linear = (name: "qkv" | "o_proj" | "gate_up" | "down_proj", ...[product, norm]: Linear) => {
      const cols = product.quads * (product.kind === "swiglu" ? 2 : 1);
      const biased = names.includes(biasOf(name));
      const bias = biased ? vector((model) => model.layers[i]![name].bias!, cols) : 0;
      matrix((model) => model.layers[i]![name], { ...product, bias }, norm);
    };
    if (config.qk_norm) {
      quads = Math.ceil(quads / 16) * 16;
      qkNorms.push(vector((model) => model.layers[i]!.q_norm!, head_dim / 4));
      vector((model) => model.layers[i]!.k_norm!, head_dim / 4);
    }
    linear(
      "qkv",
      { kind: "qkv", depth: hidden, quads: projected, x: 0, out: places.projected },
      (model) => model.layers[i]!.input_layernorm,
    );
    linear("o_proj", { kind: "residual", depth: attended, quads: hidden, x: places.attended, out: 0 });
    linear(
      "gate_up",
      { kind: "swiglu", depth: hidden, quads: intermediate, x: 0, out: places.inner },
      (model) => model.layers[i]!.post_attention_layernorm,
    );
    linear("down_proj", { kind: "residual", depth: intermediate, quads: hidden, x: places.inner, out: 0 });
  }
  matrix(
    (model) => model.head,
    { kind: "logits", depth: hidden, quads: paddedVocabulary(config) / 4, x: 0, out: places.logits },
    (model) => model.norm,
  );
  // Before the first attention one product; after each one those up to the next, or to the logits.
  const segments = Array.from({ length: config.num_hidden_layers + 1 }, (_, i) => {
    const [first, end] = [Math.max(0, 4 * i - 3), 4 * i + 1];
    const sizes = products.slice(first, end).map(({ kind, depth, quads }) => {
      return depth * quads * (kind === "swiglu" ? 32 : 16);
    });
    return { first, end, numbers: sizes.reduce((a, b) => a + b) };
  });
  return { parts, products, segments, qkNorms, quads, places };
}

export class DecodeProgram {
  readonly #program;
  readonly #products: GPUBuffer;
  readonly #rowProgram: GPUBuffer;
  readonly #weights: GPUBuffer;
  readonly #work: GPUBuffer;

  constructor(readonly model: Model, readonly pools: KvPools, rows: number, readonly eos: readonly number[]) {
    const { gpu, config } = model;
    this.#program = programOf(config);
    this.#products = gpu.upload("decode products", stepTable(this.#program.products));
    this.#weights = gpu.allocate("decode weights", this.#program.quads * 16);
    this.#work = gpu.allocate("decode work", rows * workBytes(config));
    const layers = model.layers.map(({ window, rope }, i) => {
      return { pool: pools.offset(i) / 16, qkNorm: this.#program.qkNorms[i], window, rope };
    });
    this.#rowProgram = gpu.upload("row program", rowProgram(this.#program.products, layers, eos));
  }

  /** Copies the weights, adapters included; to be called after every change of them. */
  refresh(recorder: Recorder): void {
    const out = this.#weights;
    for (const { parameter: parameterOf, norm, first, product } of this.#program.parts) {
      const parameter = parameterOf(this.model);
      if (!product) {
        recorder.copy(parameter.buffer, 0, out, first * 16, parameter.cols * 4);
        continue;
      }
      const { w, dtype } = weightForMatmul(recorder, this.model, parameter);
      packForStep(recorder, { w, norm: norm?.(this.model).buffer, out }, product, dtype);
    }
  }

  /**
   * Whether `block` takes this many rows: waking several processors must not be worth more than a dispatch, and the keys
   * and values of all layers must be in one buffer. The bits are the same either way.
   */
  takesWhole(rows: number): boolean {
    return rows <= ROWS_ALONE && this.pools.whole !== undefined;
  }

  /** Records `steps` tokens for the first `rows` rows. */
  block(
    recorder: Recorder,
    { state, emitted }: Pick<StepBuffers, "state" | "emitted">,
    { rows, steps, block, positions, temperature, greedy }: BlockOptions & {
      rows: number;
      steps: number;
      block: number;
    },
  ): void {
    const { config, embed_tokens, layers } = this.model;
    const { products, segments, qkNorms, places: { stride, projected, attended } } = this.#program;
    decodeRows(recorder, {
      state,
      program: this.#rowProgram,
      weights: this.#weights,
      embeddings: embed_tokens.buffer,
      table: this.model.ropeTable(positions, layers.find(({ rope }) => rope) ?? layers[0]!),
      pools: this.pools.whole!,
      work: this.#work,
      emitted,
    }, {
      rows,
      qkNorm: qkNorms.length > 0,
      products: products.length,
      layers: layers.length,
      eosCount: this.eos.length,
      steps,
      block,
      heads: config.num_attention_heads,
      kvHeads: config.num_key_value_heads,
      headDim: config.head_dim,
      hidden: config.hidden_size,
      stride,
      projected,
      attended,
      eps: config.rms_norm_eps,
      vocab: config.vocab_size,
      temperature,
      greedy,
      numbers: segments.reduce((sum, { numbers }) => sum + numbers, 0),
    }, embed_tokens.dtype);
  }

  /** Records one token for the first `rows` rows. */
  step(recorder: Recorder, buffers: StepBuffers, options: StepOptions): void {
    for (const [i, segment] of this.#program.segments.entries()) {
      if (i > 0) this.#attend(recorder, buffers, options, i - 1);
      this.#multiply(recorder, buffers, options, segment);
    }
  }

  #attend(
    recorder: Recorder,
    { state }: StepBuffers,
    { rows, positions }: StepOptions,
    layer: number,
  ): void {
    const { config } = this.model;
    const { places: { stride, projected, attended }, qkNorms } = this.#program;
    const qkNorm = qkNorms[layer];
    decodeAttentionOfWork(recorder, {
      state,
      table: this.model.ropeTable(positions, this.model.layers[layer]!),
      qk_norm: qkNorm === undefined
        ? undefined
        : { buffer: this.#weights, offset: qkNorm * 16, size: 2 * config.head_dim * 4 },
      pool: this.pools.layers[layer]!,
      work: this.#work,
    }, {
      rows,
      heads: config.num_attention_heads,
      kvHeads: config.num_key_value_heads,
      headDim: config.head_dim,
      eps: config.rms_norm_eps,
      window: this.model.layers[layer]!.window,
      stride,
      projected,
      attended,
    });
  }

  /** The products [first, end) of the table, which read `numbers` weights. */
  #multiply(
    recorder: Recorder,
    { state, next, emitted, eos }: StepBuffers,
    { rows, temperature, greedy, eosCount, step, block }: StepOptions,
    segment: { first: number; end: number; numbers: number },
  ): void {
    const { config, embed_tokens } = this.model;
    decodeStep(recorder, {
      state,
      products: this.#products,
      weights: this.#weights,
      embeddings: embed_tokens.buffer,
      eos,
      work: this.#work,
      next,
      emitted,
    }, {
      ...segment,
      rows,
      hidden: config.hidden_size,
      stride: this.#program.places.stride,
      eps: config.rms_norm_eps,
      vocab: config.vocab_size,
      temperature,
      greedy,
      eosCount,
      step,
      block,
    }, embed_tokens.dtype);
  }

  destroy(): void {
    this.model.gpu.release(this.#products, this.#rowProgram, this.#weights, this.#work);
  }
}
