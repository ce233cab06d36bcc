// The adapters of one matrix as decoding takes them: a single pair A, B with B block by block on the diagonal, so that
// x (W + scale * product) = x W + (x A) B costs two thin products a token, where unpacking the matrix with the product
// costs as much as a product of as many rows as the rank.

import type { Recorder } from "#shared/engine/gpu/recorder.ts";
import { copyInto } from "#shared/engine/ops/storage/copy_into.ts";
import type { Model, Parameter } from "#shared/engine/model/weights.ts";

export class MergedAdapters {
  /** Columns of A and rows of B: the sum of the adapters' ranks. */
  readonly rank: number;
  readonly a: GPUBuffer; // (inputs, rank)
  readonly b: GPUBuffer; // (rank, outputs)

  /** Copies, filled by `refresh`. */
  constructor(readonly model: Model, readonly parameter: Parameter) {
    const { gpu } = model;
    const { name, rows, cols } = parameter;
    this.rank = this.#pairs().reduce((sum, { rank }) => sum + rank, 0);
    this.a = gpu.allocate(`${name} merged A`, rows * this.rank * 4);
    this.b = gpu.allocate(`${name} merged B`, this.rank * cols * 4);
  }

  /** Takes over adapters that have changed. */
  refresh(recorder: Recorder): void {
    const { rows, cols: stride } = this.parameter;
    let at = 0;
    for (const { a, b, rank, scale, column, cols } of this.#pairs()) {
      const left = { rows, cols: rank, stride: this.rank, firstRow: 0, firstCol: at, scale };
      copyInto(recorder, { x: a, out: this.a }, left);
      const right = { rows: rank, cols, stride, firstRow: at, firstCol: column, scale: 1 };
      copyInto(recorder, { x: b, out: this.b }, right);
      at += rank;
    }
  }

  destroy(): void {
    this.model.gpu.release(this.a, this.b);
  }

  #pairs() {
    return this.parameter.sources.flatMap(({ name, column, shape }) => {
      const product = this.model.adapters.get(name);
      return product ? [{ ...product, column, cols: shape[0]! }] : [];
    });
  }
}
