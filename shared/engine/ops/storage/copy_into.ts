// A scaled copy of a matrix as a block of a larger one.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import copySource from "./copy_into.wgsl" with { type: "text" };

export interface CopyPlace {
  rows: number;
  cols: number;
  /** Columns of the larger matrix. */
  stride: number;
  firstRow: number;
  firstCol: number;
  scale: number;
}

/** out[firstRow + i, firstCol + j] = scale * x[i, j]; x (rows, cols), out (any, stride), all columns multiples of 4. */
export function copyInto(
  recorder: Recorder,
  buffers: { x: Binding; out: Binding },
  { rows, cols, stride, firstRow, firstCol, scale }: CopyPlace,
): void {
  const params = { rows, cols, stride, first_row: firstRow, first_col: firstCol, scale };
  const kernel = recorder.gpu.kernel("copy_into", copySource);
  recorder.dispatch(kernel, params, buffers, linearGrid(rows * cols / 4, 64));
}
