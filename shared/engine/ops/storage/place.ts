// A matrix, scaled, put into a larger one.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import placeSource from "./place.wgsl" with { type: "text" };

export interface Placement {
  rows: number;
  cols: number;
  /** Columns of the larger matrix. */
  stride: number;
  firstRow: number;
  firstCol: number;
  scale: number;
}

/** out[firstRow + i, firstCol + j] = scale * x[i, j]; x (rows, cols), out (any, stride), all columns multiples of 4. */
export function place(
  recorder: Recorder,
  buffers: { x: Binding; out: Binding },
  { rows, cols, stride, firstRow, firstCol, scale }: Placement,
): void {
  const params = { rows, cols, stride, first_row: firstRow, first_col: firstCol, scale };
  const kernel = recorder.gpu.kernel("place", placeSource);
  recorder.dispatch(kernel, params, buffers, linearGrid(rows * cols / 4, 64));
}
