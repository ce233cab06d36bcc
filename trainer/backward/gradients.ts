// One gradient buffer a parameter. They are added to by every micro-batch and cleared by the optimizer.

import type { Recorder } from "#shared/gpu/recorder.ts";
import { type HfTensor, type Model, type Parameter, toHf } from "#shared/model/weights.ts";

export class Gradients {
  /** In the order of `model.parameters()`. */
  readonly buffers: readonly GPUBuffer[];
  readonly #byParameter: Map<Parameter, GPUBuffer>;

  constructor(readonly model: Model) {
    const entries = model.parameters().map((parameter): [Parameter, GPUBuffer] => [
      parameter,
      model.gpu.allocate(`${parameter.name} gradient`, parameter.rows * parameter.cols * 4),
    ]);
    this.buffers = entries.map(([, buffer]) => buffer);
    this.#byParameter = new Map(entries);
  }

  of(parameter: Parameter): GPUBuffer {
    return this.#byParameter.get(parameter)!;
  }

  clear(recorder: Recorder): void {
    for (const buffer of this.buffers) recorder.clear(buffer);
  }

  /** All gradients as tensors of Hugging Face's names and shapes, in f32. */
  async read(): Promise<HfTensor[]> {
    const tensors: HfTensor[] = [];
    for (const parameter of this.model.parameters()) {
      tensors.push(...toHf(parameter, await this.model.gpu.readFloats(this.of(parameter))));
    }
    return tensors;
  }

  destroy(): void {
    this.model.gpu.release(...this.buffers);
  }
}
