// What the backward of a packed batch needs besides the saved activations: one set for all layers.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import type { Batch } from "#shared/engine/forward/packing.ts";
import type { ModelConfig } from "#shared/engine/model/config.ts";
import { scoreFloats } from "#shared/engine/ops/attention/attention_backward.ts";
import { partialsLength } from "#shared/engine/ops/column_sum/column_sum.ts";
import { occurrencesOf } from "#shared/engine/ops/embedding/embedding_backward.ts";

/** Floats of each of the two score buffers of the attention backward: 16 MiB. */
const SCORE_FLOATS = 4 << 20;

/** Equal numbers of a list, as `occurrencesOf` groups them. */
export interface Grouped {
  readonly occurrences: GPUBuffer;
  readonly order: GPUBuffer;
  distinct: number;
}

/** Floats of each score buffer of the attention backward; a row of scores takes up to 4/3 of the tokens. */
export function scratchScores(gpu: Pick<Gpu, "subgroups8">, capacity: number, heads: number): number {
  const most = Math.min(SCORE_FLOATS, heads * capacity * capacity);
  return scoreFloats(gpu, { heads, span: 4 * Math.ceil(capacity / 3) + 8, most });
}

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
  readonly tokens: Grouped; // by token id
  readonly predictions: Grouped; // by the row that predicts
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
    this.headRstd = make("head rstd", config.qk_norm ? capacity * (heads + kvHeads) : 1);
    this.scoreFloats = scratchScores(gpu, capacity, heads);
    this.probability = make("probabilities", this.scoreFloats);
    this.dscore = make("dscores", this.scoreFloats);
    const sums = [
      partialsLength(capacity, Math.max(hidden, width, config.mlp_bias ? 2 * inner : 0)),
      partialsLength(capacity * heads, head_dim),
    ];
    this.partials = make("partial sums", Math.max(...sums));
    const matrices = [hidden * width, hidden * heads * head_dim, 2 * hidden * inner];
    this.transposed = make("transposed weight", Math.max(...matrices));
    this.coefficients = make("coefficients", capacity);
    const grouped = () => ({
      occurrences: make("occurrences", 4 * capacity),
      order: make("order", capacity),
      distinct: 0,
    });
    this.tokens = grouped();
    this.predictions = grouped();
  }

  /** Writes what the kernels need to know of a batch; `rows` are those that predict, once a prediction. */
  load({ ids }: Batch, rows: Uint32Array): void {
    this.#group(this.tokens, ids);
    this.#group(this.predictions, rows);
  }

  #group(into: Grouped, ids: Uint32Array): void {
    const { distinct, occurrences, order } = occurrencesOf(ids);
    this.gpu.write(into.occurrences, occurrences);
    this.gpu.write(into.order, order);
    into.distinct = distinct;
  }

  destroy(): void {
    this.gpu.release(...this.#all);
  }
}
