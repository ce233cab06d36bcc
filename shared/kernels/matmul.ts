// Matrix products in f32. Weights lie on the GPU as (in, out), so a forward pass is NN, an input gradient NT
// and a weight gradient TN. Columns and inner dimensions are multiples of 4; rows (tokens) are any number.

import type { Binding, Recorder } from "#shared/gpu/recorder.ts";
import nn from "./matmul_nn.wgsl" with { type: "text" };
import nt from "./matmul_nt.wgsl" with { type: "text" };
import tn from "./matmul_tn.wgsl" with { type: "text" };

export interface MatmulShape {
  rows: number;
  cols: number;
  inner: number;
}

/**
 * out (rows, cols) (+)= x (rows, inner) w (inner, cols) + bias (cols) + residual (rows, cols). x may be the columns
 * from `xFirst` on of a matrix of `xStride` columns.
 */
export function matmulNN(
  recorder: Recorder,
  buffers: {
    x: Binding;
    w: Binding;
    bias?: Binding | undefined;
    residual?: Binding | undefined;
    out: Binding;
  },
  shape: MatmulShape & { accumulate?: boolean; xStride?: number; xFirst?: number },
): void {
  const { x, w, bias, residual, out } = buffers;
  checkQuads("matmul_nn", { cols: shape.cols, inner: shape.inner });
  const params = {
    ...shape,
    has_bias: bias ? 1 : 0,
    has_residual: residual ? 1 : 0,
    accumulate: shape.accumulate ? 1 : 0,
    x_stride: shape.xStride ?? shape.inner,
    x_first: shape.xFirst ?? 0,
  };
  // An absent operand is bound to w, which is only read as well.
  const bindings = { x, w, bias: bias ?? w, residual: residual ?? w, out };
  recorder.dispatch(recorder.gpu.kernel("matmul_nn", nn), params, bindings, [
    Math.ceil(shape.cols / 64),
    Math.ceil(shape.rows / 32),
  ]);
}

/**
 * out (rows, cols) (+)= x (rows, inner) w^T, w (cols, inner). out may be the columns from `outFirst` on of a matrix
 * of `outStride` columns, both multiples of 4.
 */
export function matmulNT(
  recorder: Recorder,
  buffers: { x: Binding; w: Binding; out: Binding },
  shape: MatmulShape & { accumulate?: boolean; outStride?: number; outFirst?: number },
): void {
  checkQuads("matmul_nt", { cols: shape.cols, inner: shape.inner });
  const params = {
    ...shape,
    accumulate: shape.accumulate ? 1 : 0,
    out_stride: shape.outStride ?? shape.cols,
    out_first: shape.outFirst ?? 0,
  };
  recorder.dispatch(recorder.gpu.kernel("matmul_nt", nt), params, buffers, [
    Math.ceil(shape.cols / 32),
    Math.ceil(shape.rows / 32),
  ]);
}

/**
 * out (rows, cols) (+)= x^T y, x (inner, rows), y (inner, cols); inner is any number. x may be the columns from
 * `xFirst` on of a matrix of `xStride` columns, both multiples of 4.
 */
export function matmulTN(
  recorder: Recorder,
  buffers: { x: Binding; y: Binding; out: Binding },
  shape: MatmulShape & { accumulate?: boolean; xStride?: number; xFirst?: number },
): void {
  checkQuads("matmul_tn", { rows: shape.rows, cols: shape.cols });
  const params = {
    ...shape,
    accumulate: shape.accumulate ? 1 : 0,
    x_stride: shape.xStride ?? shape.rows,
    x_first: shape.xFirst ?? 0,
  };
  recorder.dispatch(recorder.gpu.kernel("matmul_tn", tn), params, buffers, [
    Math.ceil(shape.cols / 64),
    Math.ceil(shape.rows / 32),
  ]);
}

function checkQuads(what: string, sizes: Record<string, number>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (size % 4 !== 0) {
      throw new RangeError(`Cannot run ${what} as ${name} must be a multiple of 4: current value is ${size}`);
    }
  }
}
