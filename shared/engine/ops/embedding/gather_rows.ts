// Rows of a matrix chosen by index.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import { type Dtype, kernelReading } from "#shared/engine/ops/storage/dtype.ts";
import source from "./gather_rows.wgsl" with { type: "text" };

/**
 * out (count, cols) = table (rows, cols) at indices (count, u32); `cols` is a multiple of 4. With a part of a table
 * bound, rows `first` to `first + rows` - 1 of the whole, only what it holds is written. `dtype` is the table's.
 */
export function gatherRows(
  recorder: Recorder,
  buffers: { table: Binding; indices: Binding; out: Binding },
  { count, cols, first = 0, rows = 0xffffffff, dtype }: {
    count: number;
    cols: number;
    first?: number;
    rows?: number;
    dtype?: Dtype;
  },
): void {
  const kernel = kernelReading(recorder.gpu, "gather_rows", source, "table", dtype);
  recorder.dispatch(kernel, { count, cols, first, rows }, buffers, linearGrid(count * cols / 4, 64));
}
