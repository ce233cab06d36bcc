// RMSNorm, backward: the input gradient row by row, the weight gradient by two-stage column sums.

import { type Binding, linearGrid, type Recorder } from "#shared/gpu/recorder.ts";
import { GROUP_ROWS, sumPartials } from "./column_sum.ts";
import inputSource from "./rms_norm_backward.wgsl" with { type: "text" };
import weightSource from "./rms_norm_weight_backward.wgsl" with { type: "text" };

/**
 * dx (+)= d RMSNorm / dx * dy and dweight += its weight gradient.
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
    dweight: Binding;
    partials: Binding;
  },
  { rows, cols, accumulate }: { rows: number; cols: number; accumulate: boolean },
): void {
  const { gpu } = recorder;
  const { dweight, partials } = buffers;
  const groups = Math.ceil(rows / GROUP_ROWS);
  recorder.dispatch(
    gpu.kernel("rms_norm_weight_backward", weightSource),
    { rows, cols, group_rows: GROUP_ROWS },
    buffers,
    linearGrid(groups * cols / 4, 64),
  );
  sumPartials(recorder, partials, dweight, { rows: groups, cols });
  recorder.dispatch(
    gpu.kernel("rms_norm_backward", inputSource),
    { rows, cols, accumulate: accumulate ? 1 : 0 },
    buffers,
    linearGrid(rows, 64),
  );
}
