// AdamW with decoupled weight decay and global-norm clipping. Weights, gradients and moments stay on the GPU;
// one step reads back two numbers, and those only once everything is submitted.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import { Recorder } from "#shared/engine/gpu/recorder.ts";
import type { Rows } from "#shared/io/tensor_file.ts";
import { rowShards, type Shard } from "#shared/engine/model/shards.ts";
import { fromHf, type HfTensor, toHf } from "#shared/engine/model/layout.ts";
import type { Parameter } from "#shared/engine/model/weights.ts";
import type { Trainable } from "#shared/engine/backward/gradients.ts";
import { adamw } from "#shared/engine/ops/adamw/adamw.ts";
import { clipNorm, clipNormBuffers } from "#shared/engine/ops/clip_norm/clip_norm.ts";

/** TRL's names; the learning rate comes with every step. */
export interface OptimizerSettings {
  adam_beta1: number;
  adam_beta2: number;
  adam_epsilon: number;
  /** Applied to matrices, not to norms and biases. */
  weight_decay: number;
  /** Gradients are scaled down to this global L2 norm; 0 turns clipping off. */
  max_grad_norm: number;
}

interface Moments {
  exp_avg: GPUBuffer;
  exp_avg_sq: GPUBuffer;
}

/** What one dispatch updates: a parameter, or the rows of it that one binding may cover. */
interface Part {
  length: number;
  decay: boolean;
  buffers: Record<"gradient" | "weight" | keyof Moments, Shard["binding"]>;
}

export class Optimizer {
  /** Updates made so far: the t of the bias correction. */
  steps = 0;
  readonly #gpu: Gpu;
  readonly #parameters: readonly Parameter[];
  readonly #gradients: readonly GPUBuffer[];
  readonly #settings: OptimizerSettings;
  readonly #moments: Moments[];
  readonly #parts: readonly Part[];
  readonly #norm: ReturnType<typeof clipNormBuffers>;
  readonly #recorder: Recorder;

  /** @param gradients one buffer a parameter, in the order of `parameters()` */
  constructor(trained: Trainable, gradients: readonly GPUBuffer[], settings: OptimizerSettings) {
    this.#gpu = trained.gpu;
    this.#parameters = trained.parameters();
    this.#gradients = gradients;
    this.#settings = settings;
    this.#moments = this.#parameters.map(({ name, buffer }) => ({
      exp_avg: this.#gpu.allocate(`${name} exp_avg`, buffer.size),
      exp_avg_sq: this.#gpu.allocate(`${name} exp_avg_sq`, buffer.size),
    }));
    this.#parts = this.#parameters.flatMap((parameter, i) => {
      const { exp_avg, exp_avg_sq } = this.#moments[i]!;
      const shards = (buffer: GPUBuffer) => rowShards(this.#gpu, { ...parameter, buffer });
      const [gradient, m, v] = [gradients[i]!, exp_avg, exp_avg_sq].map(shards) as [
        Shard[],
        Shard[],
        Shard[],
      ];
      return shards(parameter.buffer).map(({ binding: weight, count }, j): Part => ({
        length: count * parameter.cols,
        decay: parameter.decay,
        buffers: {
          weight,
          gradient: gradient[j]!.binding,
          exp_avg: m[j]!.binding,
          exp_avg_sq: v[j]!.binding,
        },
      }));
    });
    this.#norm = clipNormBuffers(this.#gpu, this.#parts.length);
    this.#recorder = new Recorder(this.#gpu);
  }

  /**
   * Clips the gradients, updates the weights and clears the gradients. Returns the norm before clipping. When it is
   * infinite or not a number, the weights and moments stay as they are and the step does not count.
   */
  async step(learningRate: number): Promise<{ grad_norm: number }> {
    const recorder = this.#recorder;
    const { adam_beta1, adam_beta2, adam_epsilon, weight_decay, max_grad_norm } = this.#settings;
    const gradients = this.#parts.map(({ buffers, length }) => ({ buffer: buffers.gradient, length }));
    clipNorm(recorder, gradients, this.#norm, max_grad_norm);
    const time = { step: this.steps + 1, lr: learningRate };
    for (const { length, decay, buffers } of this.#parts) {
      const settings = {
        beta1: adam_beta1,
        beta2: adam_beta2,
        epsilon: adam_epsilon,
        weightDecay: decay ? weight_decay : 0,
      };
      adamw(recorder, { ...buffers, clip: this.#norm.clip }, length, settings, time);
    }
    for (const gradient of this.#gradients) recorder.clear(gradient);
    recorder.submit();
    const [norm, factor] = await this.#gpu.readFloats(this.#norm.clip);
    if (factor! >= 0) this.steps++;
    return { grad_norm: norm! };
  }

  /** The buffers of the moments. */
  buffers(): GPUBuffer[] {
    return this.#moments.flatMap(({ exp_avg, exp_avg_sq }) => [exp_avg, exp_avg_sq]);
  }

  /**
   * The moments as named tensors of Hugging Face's shapes, `<tensor>.exp_avg` and `<tensor>.exp_avg_sq`; save `steps`
   * beside them.
   */
  async state(): Promise<HfTensor[]> {
    const tensors: HfTensor[] = [];
    for (const [i, parameter] of this.#parameters.entries()) {
      for (const kind of ["exp_avg", "exp_avg_sq"] as const) {
        const data = await this.#gpu.readFloats(this.#moments[i]![kind]);
        for (const tensor of toHf(parameter, data)) {
          tensors.push({ ...tensor, name: `${tensor.name}.${kind}` });
        }
      }
    }
    return tensors;
  }

  /** Puts back what `state` returned. `read` gives rows of the tensor of that name and shape, or throws. */
  load(read: (name: string, shape: readonly number[], rows: Rows) => Float32Array, steps: number): void {
    for (const [i, parameter] of this.#parameters.entries()) {
      for (const kind of ["exp_avg", "exp_avg_sq"] as const) {
        const data = fromHf(parameter, ({ name, shape }, rows) => read(`${name}.${kind}`, shape, rows));
        this.#gpu.write(this.#moments[i]![kind], data);
      }
    }
    this.steps = steps;
  }

  destroy(): void {
    this.#gpu.release(...this.buffers(), ...Object.values(this.#norm));
    this.#recorder.destroy();
  }
}
