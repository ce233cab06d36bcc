// SwiGLU, backward (Shazeer 2020), with the activation recomputed instead of saved.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import source from "./swiglu_backward.wgsl" with { type: "text" };

/**
 * dgate_up = gradient of silu(gate) * up; `d` holds the gradient of that product before and the product after.
 * Shapes: gate_up, dgate_up (rows, 2 cols), gate columns first; d (rows, cols).
 */
export function swigluBackward(
  recorder: Recorder,
  buffers: { gate_up: Binding; d: Binding; dgate_up: Binding },
  { rows, cols }: { rows: number; cols: number },
): void {
  const kernel = recorder.gpu.kernel("swiglu_backward", source);
  recorder.dispatch(kernel, { rows, cols }, buffers, linearGrid(rows * cols / 4, 64));
}
