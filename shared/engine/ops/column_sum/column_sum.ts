// Column sums in two stages: the gradient of a bias, and the second stage of the norm-weight gradients.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import source from "./column_sum.wgsl" with { type: "text" };

/** Rows that one thread of a first stage sums. */
export const GROUP_ROWS = 64;

/** Floats that the partial sums of `rows` x `cols` need. */
export function partialsLength(rows: number, cols: number): number {
  return Math.ceil(rows / GROUP_ROWS) * cols;
}

/** out (cols) += sum over the rows of x (rows, cols). `partials` holds `partialsLength(rows, cols)` floats. */
export function biasBackward(
  recorder: Recorder,
  { dy, partials, db }: { dy: Binding; partials: Binding; db: Binding },
  { rows, cols }: { rows: number; cols: number },
): void {
  const groups = Math.ceil(rows / GROUP_ROWS);
  dispatch(recorder, dy, partials, { rows, cols, group_rows: GROUP_ROWS, accumulate: 0 });
  sumPartials(recorder, partials, db, { rows: groups, cols });
}

/** out (cols) += sum over the rows of partials (rows, cols), or = with `overwrite`. */
export function sumPartials(
  recorder: Recorder,
  partials: Binding,
  out: Binding,
  { rows, cols, overwrite = false }: { rows: number; cols: number; overwrite?: boolean },
): void {
  dispatch(recorder, partials, out, { rows, cols, group_rows: rows, accumulate: overwrite ? 0 : 1 });
}

function dispatch(
  recorder: Recorder,
  x: Binding,
  out: Binding,
  params: { rows: number; cols: number; group_rows: number; accumulate: number },
): void {
  const threads = Math.ceil(params.rows / params.group_rows) * params.cols / 4;
  recorder.dispatch(recorder.gpu.kernel("column_sum", source), params, { x, out }, linearGrid(threads, 64));
}
