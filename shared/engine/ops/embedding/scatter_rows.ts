// The transpose of shared/engine/ops/embedding/gather_rows.ts for distinct rows.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import source from "./scatter_rows.wgsl" with { type: "text" };

/** out (any, cols): row rows[i] := row i of x (count, cols); rows are distinct, the others stay as they are. */
export function scatterRows(
  recorder: Recorder,
  buffers: { x: Binding; rows: Binding; out: Binding },
  { count, cols }: { count: number; cols: number },
): void {
  const kernel = recorder.gpu.kernel("scatter_rows", source);
  recorder.dispatch(kernel, { count, cols }, buffers, linearGrid(count * cols / 4, 64));
}
