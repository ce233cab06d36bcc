// Rows of a matrix chosen by index.

import { type Binding, linearGrid, type Recorder } from "#shared/gpu/recorder.ts";
import source from "./gather_rows.wgsl" with { type: "text" };

/** out (count, cols) = table (any, cols) at indices (count, u32); `cols` is a multiple of 4. */
export function gatherRows(
  recorder: Recorder,
  buffers: { table: Binding; indices: Binding; out: Binding },
  { count, cols }: { count: number; cols: number },
): void {
  const kernel = recorder.gpu.kernel("gather_rows", source);
  recorder.dispatch(kernel, { count, cols }, buffers, linearGrid(count * cols / 4, 64));
}
