// RMSNorm, forward. Zhang and Sennrich 2019; epsilon inside the root as in Hugging Face's LlamaRMSNorm.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import source from "./rms_norm.wgsl" with { type: "text" };

/**
 * out = x / sqrt(mean(x^2) + eps) * weight, row by row.
 * Shapes: x, out (rows, cols); weight (cols); rstd (rows). `cols` is a multiple of 4.
 */
export function rmsNorm(
  recorder: Recorder,
  buffers: { x: Binding; weight: Binding; out: Binding; rstd: Binding },
  { rows, cols, eps }: { rows: number; cols: number; eps: number },
): void {
  const kernel = recorder.gpu.kernel("rms_norm", source);
  recorder.dispatch(kernel, { rows, cols, eps }, buffers, linearGrid(rows, 64));
}
