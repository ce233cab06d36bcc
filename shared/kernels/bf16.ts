// From f32 to 16 bits and back, for what no kernel reads as it is stored.

import { type Binding, linearGrid, type Recorder } from "#shared/gpu/recorder.ts";
import { type Dtype, kernelReading } from "./dtype.ts";
import packSource from "./pack_bf16.wgsl" with { type: "text" };
import unpackSource from "./unpack.wgsl" with { type: "text" };

/** out := x rounded to bf16. x has `length` numbers, a multiple of 4; out half as many words. */
export function packBf16(
  recorder: Recorder,
  buffers: { x: Binding; out: Binding },
  { length }: { length: number },
): void {
  const kernel = recorder.gpu.kernel("pack_bf16", packSource);
  recorder.dispatch(kernel, { quads: length / 4 }, buffers, linearGrid(length / 4, 64));
}

/** A product that belongs to some columns of a matrix: scale * a b, a (rows, rank), b (rank, columns). */
export interface LowRank {
  a: Binding;
  b: Binding;
  rank: number;
  scale: number;
}

/**
 * In the columns [first, first + cols), by default all: out (rows, stride) = packed (rows, stride), of `dtype`, + the
 * product. All but the rows are multiples of 4.
 */
export function unpack(
  recorder: Recorder,
  { packed, product, out }: { packed: Binding; product?: LowRank | undefined; out: Binding },
  { rows, stride, dtype, first = 0, cols = stride }: {
    rows: number;
    stride: number;
    dtype: Dtype;
    first?: number;
    cols?: number;
  },
): void {
  const kernel = kernelReading(recorder.gpu, "unpack", unpackSource, "packed", dtype);
  const params = { rows, stride, first, cols, rank: product?.rank ?? 0, scale: product?.scale ?? 0 };
  const bindings = { packed, a: product?.a ?? packed, b: product?.b ?? packed, out };
  recorder.dispatch(kernel, params, bindings, linearGrid(Math.ceil(rows / 4) * cols / 4, 64));
}
