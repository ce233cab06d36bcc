// From f32 to bf16, for activations that are kept for the backward pass.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import packSource from "./pack_bf16.wgsl" with { type: "text" };

/** out := x rounded to bf16. x has `length` numbers, a multiple of 4; out half as many words. */
export function packBf16(
  recorder: Recorder,
  buffers: { x: Binding; out: Binding },
  { length }: { length: number },
): void {
  const kernel = recorder.gpu.kernel("pack_bf16", packSource);
  recorder.dispatch(kernel, { quads: length / 4 }, buffers, linearGrid(length / 4, 64));
}
