// How far the three products are from f64, by the kernels now chosen: what a unit that rounds operands or sums more
// than f32 arithmetic does cannot hide.

import { matmulNN, matmulNT, type MatmulShape, matmulTN } from "./matmul.ts";
import type { Gpu } from "#shared/engine/gpu/device.ts";
import { Recorder } from "#shared/engine/gpu/recorder.ts";

/** x (rows, inner), w (inner, cols), y (rows, cols). */
export interface Operands extends MatmulShape {
  x: Float32Array;
  w: Float32Array;
  y: Float32Array;
}

export type Errors = Record<"nn" | "nt" | "tn", number>;

/**
 * The errors of x w, y w^T and x^T y: the root mean square, over the elements of a product, of |error| / sum |a b|. NaN
 * when any element is.
 */
export async function productErrors(gpu: Gpu, { x, w, y, rows, cols, inner }: Operands): Promise<Errors> {
  const buffers = {
    x: gpu.upload("operand x", x),
    w: gpu.upload("operand w", w),
    y: gpu.upload("operand y", y),
    out: gpu.allocate("product", 4 * Math.max(rows * cols, rows * inner, inner * cols)),
  };
  const { out } = buffers;
  const recorder = new Recorder(gpu);
  const error = async (
    shape: MatmulShape,
    a: (i: number, k: number) => number,
    b: (k: number, j: number) => number,
  ) => {
    recorder.submit();
    const values = await gpu.readFloats(out, shape.rows * shape.cols);
    let squares = 0;
    for (const [at, value] of values.entries()) {
      const [i, j] = [Math.floor(at / shape.cols), at % shape.cols];
      let [sum, size] = [0, 0];
      for (let k = 0; k < shape.inner; k++) {
        const product = a(i, k) * b(k, j);
        sum += product;
        size += Math.abs(product);
      }
      if (value !== sum) squares += ((value - sum) / size) ** 2;
    }
    return Math.sqrt(squares / values.length);
  };
  try {
    matmulNN(recorder, buffers, { rows, cols, inner });
    const nn = await error({ rows, cols, inner }, (i, k) => x[i * inner + k]!, (k, j) => w[k * cols + j]!);
    const turned = { rows, cols: inner, inner: cols };
    matmulNT(recorder, { x: buffers.y, w: buffers.w, out }, turned);
    const nt = await error(turned, (i, k) => y[i * cols + k]!, (k, j) => w[j * cols + k]!);
    const gradient = { rows: inner, cols, inner: rows };
    matmulTN(recorder, { x: buffers.x, y: buffers.y, out }, gradient);
    const tn = await error(gradient, (i, k) => x[k * inner + i]!, (k, j) => y[k * cols + j]!);
    return { nn, nt, tn };
  } finally {
    recorder.destroy();
    gpu.release(...Object.values(buffers));
  }
}
