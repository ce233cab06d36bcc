// One gradient buffer a parameter. They are added to by every micro-batch and cleared by the optimizer.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import type { Binding, Recorder } from "#shared/engine/gpu/recorder.ts";
import { matmulTN } from "#shared/engine/ops/matmul/matmul.ts";
import { rowShards } from "#shared/engine/model/shards.ts";
import { type HfTensor, toHf } from "#shared/engine/model/layout.ts";
import type { Parameter } from "#shared/engine/model/weights.ts";

/** Where the backward of a model leaves the gradients of its weights. */
export interface WeightGradients {
  /** The gradient to add to; undefined when this parameter is frozen or gets products only. */
  of(parameter: Parameter): GPUBuffer | undefined;
  /** Adds x^T dy, the gradient of a matrix that maps x (tokens, parameter.rows) to y (tokens, parameter.cols). */
  addProduct(recorder: Recorder, parameter: Parameter, x: Binding, dy: Binding, tokens: number): void;
}

/** Something trainable: a model, or its adapters. */
export interface Trainable {
  readonly gpu: Gpu;
  parameters(): readonly Parameter[];
}

export class Gradients implements WeightGradients {
  /** In the order of `parameters()`. */
  readonly buffers: readonly GPUBuffer[];
  readonly #byParameter: Map<Parameter, GPUBuffer>;

  constructor(readonly owner: Trainable) {
    const entries = owner.parameters().map((parameter): [Parameter, GPUBuffer] => [
      parameter,
      owner.gpu.allocate(`${parameter.name} gradient`, parameter.rows * parameter.cols * 4),
    ]);
    this.buffers = entries.map(([, buffer]) => buffer);
    this.#byParameter = new Map(entries);
  }

  of(parameter: Parameter): GPUBuffer {
    return this.#byParameter.get(parameter)!;
  }

  addProduct(recorder: Recorder, parameter: Parameter, x: Binding, dy: Binding, tokens: number): void {
    const { rows: xStride, cols } = parameter;
    for (
      const { binding, first, count } of rowShards(this.owner.gpu, {
        ...parameter,
        buffer: this.of(parameter),
      })
    ) {
      const shape = { rows: count, cols, inner: tokens, accumulate: true, xStride, xFirst: first };
      matmulTN(recorder, { x, y: dy, out: binding }, shape);
    }
  }

  clear(recorder: Recorder): void {
    for (const buffer of this.buffers) recorder.clear(buffer);
  }

  /** All gradients as tensors of Hugging Face's names and shapes, in f32. */
  async read(): Promise<HfTensor[]> {
    const tensors: HfTensor[] = [];
    for (const parameter of this.owner.parameters()) {
      tensors.push(...toHf(parameter, await this.owner.gpu.readFloats(this.of(parameter))));
    }
    return tensors;
  }

  destroy(): void {
    this.owner.gpu.release(...this.buffers);
  }
}
