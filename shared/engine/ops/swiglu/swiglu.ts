// SwiGLU, forward: the gated activation of the MLP (Shazeer 2020).

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import source from "./swiglu.wgsl" with { type: "text" };

/** out (rows, cols) = silu(gate) * up with gate_up (rows, 2 cols), gate first; `cols` is a multiple of 4. */
export function swiglu(
  recorder: Recorder,
  buffers: { gate_up: Binding; out: Binding },
  { rows, cols }: { rows: number; cols: number },
): void {
  const kernel = recorder.gpu.kernel("swiglu", source);
  recorder.dispatch(kernel, { rows, cols }, buffers, linearGrid(rows * cols / 4, 64));
}
