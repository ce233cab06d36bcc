// The two operations that LoRA (Hu et al. 2021) needs besides matrix products.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import mergeSource from "./lora_merge.wgsl" with { type: "text" };
import columnsSource from "./scaled_columns.wgsl" with { type: "text" };

/** Columns [first, first + cols) of a matrix with `stride` columns; all multiples of 4. */
export interface Columns {
  rows: number;
  stride: number;
  first: number;
  cols: number;
}

/** In those columns merged = base + scale * a b. base, merged (rows, stride), a (rows, rank), b (rank, cols). */
export function loraMerge(
  recorder: Recorder,
  buffers: { base: Binding; a: Binding; b: Binding; merged: Binding },
  shape: Columns & { rank: number; scale: number },
): void {
  const kernel = recorder.gpu.kernel("lora_merge", mergeSource);
  recorder.dispatch(kernel, { ...shape }, buffers, linearGrid(shape.rows * shape.cols / 4, 64));
}

/** out (rows, cols) = scale * those columns of x (rows, stride). */
export function scaledColumns(
  recorder: Recorder,
  buffers: { x: Binding; out: Binding },
  shape: Columns & { scale: number },
): void {
  const kernel = recorder.gpu.kernel("scaled_columns", columnsSource);
  recorder.dispatch(kernel, { ...shape }, buffers, linearGrid(shape.rows * shape.cols / 4, 64));
}
