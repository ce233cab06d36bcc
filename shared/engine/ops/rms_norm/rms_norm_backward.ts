// RMSNorm, backward: the input gradient row by row, the weight gradient by two-stage column sums.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import { GROUP_ROWS, sumPartials } from "#shared/engine/ops/column_sum/column_sum.ts";
import inputSource from "./rms_norm_backward.wgsl" with { type: "text" };
import weightSource from "./rms_norm_weight_backward.wgsl" with { type: "text" };

/**
 * dx (+)= d RMSNorm / dx * dy and dweight += its weight gradient, unless it is undefined (frozen).
 * Shapes: x, dy, dx (rows, cols); weight, dweight (cols); rstd (rows) as the forward left it; partials
 * `partialsLength(rows, cols)` floats. With `accumulate`, dx is added to: the norm's input also feeds the residual.
 */
export function rmsNormBackward(
  recorder: Recorder,
  buffers: {
    x: Binding;
    weight: Binding;
    rstd: Binding;
    dy: Binding;
    dx: Binding;
    dweight: Binding | undefined;
    partials: Binding;
  },
  { rows, cols, accumulate }: { rows: number; cols: number; accumulate: boolean },
): void {
  const wide = { rows, cols, slices: 1, stride: cols, offset: 0, rstd_stride: 1, rstd_offset: 0 };
  rmsNormWeightBackward(recorder, buffers, wide);
  const { x, weight, rstd, dy, dx } = buffers;
  recorder.dispatch(
    recorder.gpu.kernel("rms_norm_backward", inputSource),
    { rows, cols, accumulate: accumulate ? 1 : 0 },
    { x, weight, rstd, dy, dx },
    linearGrid(rows, 64),
  );
}

/**
 * dweight (cols) += sum over rows of dy * x * rstd, the rows being `slices` consecutive pieces of `cols` elements
 * from `offset` on in each wide row of `stride` elements; rstd likewise.
 */
export function rmsNormWeightBackward(
  recorder: Recorder,
  buffers: { x: Binding; rstd: Binding; dy: Binding; dweight: Binding | undefined; partials: Binding },
  shape: {
    rows: number;
    cols: number;
    slices: number;
    stride: number;
    offset: number;
    rstd_stride: number;
    rstd_offset: number;
  },
): void {
  if (!buffers.dweight) return;
  const groups = Math.ceil(shape.rows / GROUP_ROWS);
  const kernel = recorder.gpu.kernel("rms_norm_weight_backward", weightSource);
  const grid = linearGrid(groups * shape.cols / 4, 64);
  const { x, rstd, dy, partials, dweight } = buffers;
  recorder.dispatch(kernel, { ...shape, group_rows: GROUP_ROWS }, { x, rstd, dy, partials }, grid);
  sumPartials(recorder, partials, dweight, { rows: groups, cols: shape.cols });
}
