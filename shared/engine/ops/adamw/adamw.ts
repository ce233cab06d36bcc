// AdamW: one dispatch a parameter, all state on the GPU.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import source from "./adamw.wgsl" with { type: "text" };

export interface AdamWSettings {
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
}

/**
 * weight, exp_avg and exp_avg_sq after update number `step` (from 1) with gradient * clip[1].
 * All of `length` numbers, a multiple of 4; clip as `clipNorm` leaves it.
 */
export function adamw(
  recorder: Recorder,
  buffers: { gradient: Binding; clip: Binding; weight: Binding; exp_avg: Binding; exp_avg_sq: Binding },
  length: number,
  { beta1, beta2, epsilon, weightDecay }: AdamWSettings,
  { step, lr }: { step: number; lr: number },
): void {
  const params = {
    quads: length / 4,
    beta1,
    beta2,
    new1: 1 - beta1,
    new2: 1 - beta2,
    epsilon,
    decay: 1 - lr * weightDecay,
    step_size: lr / (1 - beta1 ** step),
    root_correction: 1 / Math.sqrt(1 - beta2 ** step),
  };
  recorder.dispatch(recorder.gpu.kernel("adamw", source), params, buffers, linearGrid(length / 4, 64));
}
