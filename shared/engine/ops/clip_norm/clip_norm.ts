// Global gradient norm and clipping factor, computed and kept on the GPU: no read-back inside a step.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import { sumPartials } from "#shared/engine/ops/column_sum/column_sum.ts";
import clipSource from "./clip_norm.wgsl" with { type: "text" };
import squaresSource from "./sum_squares.wgsl" with { type: "text" };

/** Partial sums a gradient: enough threads for a large one, few numbers for the last stage. */
const THREADS = 256;

/** Scratch of `clipNorm` for `count` gradients, and its result: clip[0] = norm, clip[1] = factor. */
export function clipNormBuffers(gpu: Gpu, count: number) {
  return {
    partials: gpu.allocate("norm partials", count * THREADS * 4),
    sums: gpu.allocate("norm sums", THREADS * 4),
    clip: gpu.allocate("norm and clip factor", 8),
  };
}

/**
 * clip := [global L2 norm of all gradients, min(1, maxNorm / (norm + 1e-6))]; factor 1 when maxNorm is 0, and -1
 * when the norm is not finite. Each gradient has `length` numbers, a multiple of 4.
 */
export function clipNorm(
  recorder: Recorder,
  gradients: readonly { buffer: Binding; length: number }[],
  { partials, sums, clip }: { partials: Binding; sums: Binding; clip: Binding },
  maxNorm: number,
): void {
  const { gpu } = recorder;
  const squares = gpu.kernel("sum_squares", squaresSource);
  gradients.forEach(({ buffer, length }, i) => {
    const params = { quads: length / 4, threads: THREADS, offset: i * THREADS };
    recorder.dispatch(squares, params, { gradient: buffer, partials }, linearGrid(THREADS, 64));
  });
  sumPartials(recorder, partials, sums, { rows: gradients.length, cols: THREADS, overwrite: true });
  const last = { quads: THREADS / 4, max_norm: maxNorm };
  recorder.dispatch(gpu.kernel("clip_norm", clipSource), last, { partials: sums, clip }, [1]);
}
