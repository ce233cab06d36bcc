// Matrix products in f64 on the CPU: the reference of the three kernels.

import type { MatmulShape } from "./matmul.ts";

type Numbers = ArrayLike<number>;

/** sum over k of a(i, k) b(k, j), each operand read through its own index function. */
function product(
  { rows, cols, inner }: MatmulShape,
  a: (i: number, k: number) => number,
  b: (k: number, j: number) => number,
) {
  const out = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a(i, k) * b(k, j);
      out[i * cols + j] = sum;
    }
  }
  return out;
}

export function matmulNNRef(x: Numbers, w: Numbers, shape: MatmulShape): Float64Array {
  return product(shape, (i, k) => x[i * shape.inner + k]!, (k, j) => w[k * shape.cols + j]!);
}

export function matmulNTRef(x: Numbers, w: Numbers, shape: MatmulShape): Float64Array {
  return product(shape, (i, k) => x[i * shape.inner + k]!, (k, j) => w[j * shape.inner + k]!);
}

export function matmulTNRef(x: Numbers, y: Numbers, shape: MatmulShape): Float64Array {
  return product(shape, (i, k) => x[k * shape.rows + i]!, (k, j) => y[k * shape.cols + j]!);
}
