// The language-model head on chosen rows: final norm, logits in chunks of rows, log-probability of a target
// and entropy per row. A chunk of logits stays small, so full logits never exist.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import { type Binding, type Recorder } from "#shared/engine/gpu/recorder.ts";
import { gatherRows } from "#shared/engine/ops/embedding/gather_rows.ts";
import { logProb, logProbScratchBytes } from "#shared/engine/ops/log_prob/log_prob.ts";
import { matmulNT } from "#shared/engine/ops/matmul/matmul.ts";
import { rmsNorm } from "#shared/engine/ops/rms_norm/rms_norm.ts";
import type { ModelConfig } from "#shared/engine/model/config.ts";
import { rowShards } from "#shared/engine/model/shards.ts";
import { type Model, paddedVocabulary } from "#shared/engine/model/weights.ts";

const CHUNK_BYTES = 32 << 20;
/** Chunks start at multiples of 64 rows, so that a part of any per-row buffer starts at a multiple of 256 bytes. */
const CHUNK_ROWS = 64;

export interface Chunk {
  first: number;
  rows: number;
}

/** Buffers for up to `capacity` predicted tokens (R). */
export class Head {
  readonly rows: GPUBuffer; // (R) u32: which row of the residual stream predicts
  readonly targets: GPUBuffer; // (R) u32: the token it should predict
  readonly gathered: GPUBuffer; // (R, hidden), before the final norm
  readonly rstd: GPUBuffer; // (R)
  readonly normed: GPUBuffer; // (R, hidden)
  readonly logits: GPUBuffer; // (chunkRows, padded vocabulary), of the chunk last computed
  readonly logProb: GPUBuffer; // (R)
  readonly entropy: GPUBuffer; // (R)
  readonly lse: GPUBuffer; // (R)
  /** Rows of `logits`. */
  readonly chunkRows: number;
  /** Rows last loaded. */
  count = 0;
  readonly #partials: GPUBuffer;

  constructor(readonly gpu: Gpu, readonly config: ModelConfig, readonly capacity: number) {
    const hidden = config.hidden_size;
    const stride = paddedVocabulary(config);
    const bytes = Math.min(CHUNK_BYTES, gpu.bindingBytes);
    const fitting = Math.floor(bytes / (stride * 4 * CHUNK_ROWS)) * CHUNK_ROWS;
    this.chunkRows = Math.min(Math.max(fitting, CHUNK_ROWS), Math.ceil(capacity / CHUNK_ROWS) * CHUNK_ROWS);
    const column = (label: string) => gpu.allocate(label, capacity * 4);
    this.rows = column("head rows");
    this.targets = column("head targets");
    this.gathered = gpu.allocate("head gathered", capacity * hidden * 4);
    this.rstd = column("head rstd");
    this.normed = gpu.allocate("head normed", capacity * hidden * 4);
    this.logits = gpu.allocate("logits chunk", this.chunkRows * stride * 4);
    this.logProb = column("log-probs");
    this.entropy = column("entropy");
    this.lse = column("head lse");
    this.#partials = gpu.allocate("head partials", logProbScratchBytes(this.chunkRows, config.vocab_size));
  }

  /** @throws RangeError when the rows do not fit. */
  load(rows: Uint32Array, targets: Uint32Array): void {
    if (rows.length > this.capacity) {
      throw new RangeError(
        `Cannot run the head as it holds ${this.capacity} rows: current number of rows is ${rows.length}`,
      );
    }
    this.count = rows.length;
    this.gpu.write(this.rows, rows);
    this.gpu.write(this.targets, targets);
  }

  /** Gathers the loaded rows of x (any, hidden) and applies the final norm. */
  gather(recorder: Recorder, model: Model, x: GPUBuffer): void {
    const cols = this.config.hidden_size;
    gatherRows(recorder, { table: x, indices: this.rows, out: this.gathered }, { count: this.count, cols });
    rmsNorm(
      recorder,
      { x: this.gathered, weight: model.norm.buffer, out: this.normed, rstd: this.rstd },
      { rows: this.count, cols, eps: this.config.rms_norm_eps },
    );
  }

  /** The loaded rows in pieces whose logits fit into `logits`. */
  chunks(): Chunk[] {
    const chunks: Chunk[] = [];
    for (let first = 0; first < this.count; first += this.chunkRows) {
      chunks.push({ first, rows: Math.min(this.chunkRows, this.count - first) });
    }
    return chunks;
  }

  /** The part of a buffer with `cols` 32-bit columns that belongs to a chunk. */
  part(buffer: GPUBuffer, { first, rows }: Chunk, cols = 1): Binding {
    return { buffer, offset: first * cols * 4, size: rows * cols * 4 };
  }

  /** logits = normed head^T for one chunk, not yet divided by the temperature. */
  logitsOf(recorder: Recorder, model: Model, chunk: Chunk): void {
    const { hidden_size: inner } = this.config;
    const x = this.part(this.normed, chunk, inner);
    const { rows: outStride, dtype } = model.head;
    for (const { binding, first, count } of rowShards(this.gpu, model.head)) {
      const shape = { rows: chunk.rows, cols: count, inner, outStride, outFirst: first, dtype };
      matmulNT(recorder, { x, w: binding, out: this.logits }, shape);
    }
  }

  /** Log-probabilities of the targets, entropies and LSE of every loaded row of x. */
  forward(recorder: Recorder, model: Model, x: GPUBuffer, temperature: number): void {
    this.gather(recorder, model, x);
    const { vocab_size: vocab } = this.config;
    for (const chunk of this.chunks()) {
      this.logitsOf(recorder, model, chunk);
      logProb(recorder, {
        logits: this.logits,
        targets: this.part(this.targets, chunk),
        partials: this.#partials,
        log_prob: this.part(this.logProb, chunk),
        entropy: this.part(this.entropy, chunk),
        lse: this.part(this.lse, chunk),
      }, { rows: chunk.rows, vocab, stride: model.head.rows, temperature });
    }
  }

  destroy(): void {
    const { rows, targets, gathered, rstd, normed, logits, logProb, entropy, lse } = this;
    this.gpu.release(rows, targets, gathered, rstd, normed, logits, logProb, entropy, lse, this.#partials);
  }
}
