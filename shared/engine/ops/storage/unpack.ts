// From 16 bits to f32, for what no kernel reads as it is stored: matrices with adapters, and saved activations.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import { type Dtype, kernelReading } from "./dtype.ts";
import unpackSource from "./unpack.wgsl" with { type: "text" };

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
