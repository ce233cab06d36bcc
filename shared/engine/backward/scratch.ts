// What the backward of a packed batch needs beside the saved activations: one set for all layers.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import { hasQkNorm, type ModelConfig } from "#shared/engine/model/config.ts";
import { tilesOf } from "#shared/engine/ops/attention/attention_backward.ts";
import { partialsLength } from "#shared/engine/ops/column_sum/column_sum.ts";
import { occurrencesOf } from "#shared/engine/ops/embedding/embedding_backward.ts";

/** Floats of each of the two score buffers of the attention backward: 16 MiB. */
const SCORE_FLOATS = 4 << 20;

/** Shapes for N tokens; F = intermediate_size, Q = heads * head_dim, W = (heads + 2 kvHeads) * head_dim. */
export class Scratch {
  readonly dx: GPUBuffer; // (N, hidden): gradient of the residual stream, carried from block to block
  readonly dnormed: GPUBuffer; // (N, max(hidden, Q)): gradient of a normalised input, or of attention's output
  readonly dqkv: GPUBuffer; // (N, W)
  readonly dgateUp: GPUBuffer; // (N, 2 F)
  readonly d: GPUBuffer; // (N, heads)
  readonly headRstd: GPUBuffer; // (N, heads + kvHeads), with q/k norm only
  readonly probability: GPUBuffer;
  readonly dscore: GPUBuffer;
  readonly partials: GPUBuffer; // first stage of column sums
  readonly transposed: GPUBuffer; // the largest block matrix
  readonly coefficients: GPUBuffer; // (N): d loss / d log-prob of each predicted token
  readonly tiles: GPUBuffer;
  readonly occurrences: GPUBuffer;
  readonly order: GPUBuffer;
  /** Of the batch last loaded. */
  shape = { tileCount: 0, span: 0, distinct: 0 };
  readonly scoreFloats: number;
  readonly #all: GPUBuffer[] = [];

  /** @param capacity tokens of the largest batch */
  constructor(readonly gpu: Gpu, config: ModelConfig, capacity: number) {
    const { hidden_size: hidden, intermediate_size: inner, num_attention_heads: heads, head_dim } = config;
    const kvHeads = config.num_key_value_heads;
    const width = (heads + 2 * kvHeads) * head_dim;
    const make = (label: string, numbers: number) => {
      const buffer = gpu.allocate(label, numbers * 4);
      this.#all.push(buffer);
      return buffer;
    };
    this.dx = make("dx", capacity * hidden);
    this.dnormed = make("dnormed", capacity * Math.max(hidden, heads * head_dim));
    this.dqkv = make("dqkv", capacity * width);
    this.dgateUp = make("dgate_up", capacity * 2 * inner);
    this.d = make("d", capacity * heads);
    this.headRstd = make("head rstd", hasQkNorm(config) ? capacity * (heads + kvHeads) : 1);
    const rounded = capacity + 3; // a sequence ends in a tile of 4
    this.scoreFloats = Math.max(4 * heads * rounded, Math.min(SCORE_FLOATS, heads * rounded * rounded));
    this.probability = make("probabilities", this.scoreFloats);
    this.dscore = make("dscores", this.scoreFloats);
    const sums = [
      partialsLength(capacity, Math.max(hidden, width)),
      partialsLength(capacity * heads, head_dim),
    ];
    this.partials = make("partial sums", Math.max(...sums));
    const matrices = [hidden * width, hidden * heads * head_dim, 2 * hidden * inner];
    this.transposed = make("transposed weight", Math.max(...matrices));
    this.coefficients = make("coefficients", capacity);
    this.tiles = make("tiles", 4 * capacity);
    this.occurrences = make("occurrences", 4 * capacity);
    this.order = make("order", capacity);
  }

  /** Writes what the kernels need to know of a batch: `lengths` of its sequences, `ids` of its tokens. */
  load(lengths: readonly number[], ids: ArrayLike<number>): void {
    const tiles = tilesOf(lengths);
    const { distinct, occurrences, order } = occurrencesOf(ids);
    this.gpu.write(this.tiles, tiles.data);
    this.gpu.write(this.occurrences, occurrences);
    this.gpu.write(this.order, order);
    this.shape = { tileCount: tiles.count, span: tiles.span, distinct };
  }

  destroy(): void {
    this.gpu.release(...this.#all);
  }
}
