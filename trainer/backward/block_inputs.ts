// Gradient checkpointing per block: the forward keeps the input of each block and nothing else, the backward
// runs the block again just before it needs what is inside. A third more arithmetic, the same numbers.

import type { Gpu } from "#shared/gpu/device.ts";
import type { Recorder } from "#shared/gpu/recorder.ts";
import type { Activations } from "#shared/model/activations.ts";
import type { ModelConfig } from "#shared/model/config.ts";
import { blockForward, embed } from "#shared/model/forward.ts";
import type { Model } from "#shared/model/weights.ts";

/** Goes with activations without `save`, whose blocks all work in one set of buffers. */
export class BlockInputs {
  readonly #inputs: GPUBuffer[]; // one (capacity, hidden) a block
  readonly #gpu: Gpu;

  constructor(gpu: Gpu, config: ModelConfig, capacity: number) {
    this.#gpu = gpu;
    const bytes = capacity * config.hidden_size * 4;
    this.#inputs = Array.from(
      { length: config.num_hidden_layers },
      (_, i) => gpu.allocate(`input of block ${i}`, bytes),
    );
  }

  /** The forward of shared/model/forward.ts, keeping every block's input. */
  forward(recorder: Recorder, model: Model, activations: Activations): void {
    const bytes = activations.batch!.tokens * model.config.hidden_size * 4;
    embed(recorder, model, activations);
    for (const [i, input] of this.#inputs.entries()) {
      recorder.copy(activations.layers[i]!.xIn, 0, input, 0, bytes);
      blockForward(recorder, model, activations, i);
    }
  }

  /** Leaves the activations as they were inside block `index`, its input among them. */
  rerun(recorder: Recorder, model: Model, activations: Activations, index: number): void {
    const bytes = activations.batch!.tokens * model.config.hidden_size * 4;
    const { xIn } = activations.layers[index]!;
    recorder.copy(this.#inputs[index]!, 0, xIn, 0, bytes);
    blockForward(recorder, model, activations, index);
    recorder.copy(this.#inputs[index]!, 0, xIn, 0, bytes); // the block's output took its place
  }

  destroy(): void {
    this.#gpu.release(...this.#inputs);
  }
}
