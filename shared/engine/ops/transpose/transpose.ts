// Matrix transposition. A weight is transposed before its input gradient dy w^T, because the NN product reads
// whole rows and is up to twice as fast as NT on software drivers; the copy costs one read of the weight.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import { type Dtype, kernelReading } from "#shared/engine/ops/storage/dtype.ts";
import source from "./transpose.wgsl" with { type: "text" };

/** out (cols, rows) = x^T, x (rows, cols) stored as `dtype`; both are multiples of 4. */
export function transpose(
  recorder: Recorder,
  buffers: { x: Binding; out: Binding },
  { rows, cols, dtype }: { rows: number; cols: number; dtype?: Dtype },
): void {
  const kernel = kernelReading(recorder.gpu, "transpose", source, "x", dtype);
  recorder.dispatch(kernel, { rows, cols }, buffers, linearGrid(rows * cols / 16, 64));
}
