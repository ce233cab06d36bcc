// The transpose of shared/engine/ops/embedding/gather_rows.ts, by the kernel of the embedding's gradient.

import type { Binding, Recorder } from "#shared/engine/gpu/recorder.ts";
import { embeddingBackward } from "./embedding_backward.ts";

/**
 * out (any, cols) += the rows of x (count, cols), each to the row that it goes to; `occurrences` and `order` are those
 * rows as `occurrencesOf` groups them, `distinct` of them.
 */
export function scatterRows(
  recorder: Recorder,
  { x: dx, out: dweight, ...grouped }: { x: Binding; occurrences: Binding; order: Binding; out: Binding },
  { distinct, cols }: { distinct: number; cols: number },
): void {
  embeddingBackward(recorder, { ...grouped, dx, dweight }, { distinct, hidden: cols });
}
