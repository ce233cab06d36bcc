// How Hugging Face's tensors lie in the parameters of a model: matrices as (in, out), the transpose of theirs, so that
// the forward pass is an NN product; those that read the same input are joined by columns into one.

import type { Rows } from "#shared/io/tensor_file.ts";

/** Where one Hugging Face tensor sits inside a parameter. */
export interface TensorSource {
  name: string;
  shape: number[];
  /** The parameter's columns [column, column + shape[0]) hold the transposed tensor; otherwise it is stored as is. */
  transposed: boolean;
  column: number;
}

/** A parameter without its buffer: row-major (rows, cols); vectors have one row. */
export interface ParameterLayout {
  name: string;
  rows: number;
  cols: number;
  /** Whether weight decay applies: matrices yes, norms and biases no. */
  decay: boolean;
  sources: TensorSource[];
}

/** Tensors of one dimension side by side. */
export function vectorLayout(name: string, tensors: readonly [string, number][]): ParameterLayout {
  return { name, ...join(tensors, (size) => [size]), rows: 1, decay: false };
}

/** Matrices of `rows` inputs, of the given numbers of outputs, joined by columns. */
export function matrixLayout(
  name: string,
  rows: number,
  tensors: readonly [string, number][],
): ParameterLayout {
  return { name, ...join(tensors, (size) => [size, rows]), rows, decay: true };
}

function join(tensors: readonly [string, number][], shapeOf: (size: number) => number[]) {
  let cols = 0;
  const sources = tensors.map(([name, size]): TensorSource => {
    const shape = shapeOf(size);
    const source = { name, shape, transposed: shape.length === 2, column: cols };
    cols += size;
    return source;
  });
  return { cols, sources };
}

export interface HfTensor {
  name: string;
  shape: number[];
  data: Float32Array;
}

/** Cuts a parameter's data (rows * cols numbers: weights, gradients, moments) into Hugging Face tensors. */
export function toHf(layout: ParameterLayout, data: Float32Array): HfTensor[] {
  return layout.sources.map(({ name, shape, transposed, column }) => {
    if (!transposed) {
      const size = shape.reduce((a, b) => a * b, 1);
      return { name, shape, data: data.slice(column, column + size) };
    }
    const [outputs, inputs] = shape as [number, number];
    const tensor = new Float32Array(outputs * inputs);
    for (let i = 0; i < inputs; i++) {
      const row = i * layout.cols + column;
      for (let o = 0; o < outputs; o++) tensor[o * inputs + i] = data[row + o]!;
    }
    return { name, shape, data: tensor };
  });
}

/** Rows of a Hugging Face tensor in blocks of about a million numbers: the host holds no more of it at a time. */
export function* rowBlocks([rows, ...inner]: readonly number[]): Generator<Rows> {
  const most = Math.max(1, Math.floor((1 << 20) / inner.reduce((a, b) => a * b, 1)));
  for (let first = 0; first < rows!; first += most) yield { first, count: Math.min(most, rows! - first) };
}

/**
 * The inverse of `toHf`; `read` returns those rows of the named tensor, which has the source's shape.
 * @param data where to put the numbers; what no tensor covers, such as padding rows of a table, stays as it is
 */
export function fromHf(
  layout: ParameterLayout,
  read: (source: TensorSource, rows: Rows) => Float32Array,
  data = new Float32Array(layout.rows * layout.cols),
): Float32Array {
  for (const source of layout.sources) {
    const { column, shape, transposed } = source;
    const inputs = shape[1] ?? 1;
    for (const { first, count } of rowBlocks(shape)) {
      const tensor = read(source, { first, count });
      if (!transposed) {
        data.set(tensor, column + first * inputs);
        continue;
      }
      for (let i = 0; i < inputs; i++) {
        const row = i * layout.cols + column + first;
        for (let o = 0; o < count; o++) data[row + o] = tensor[o * inputs + i]!;
      }
    }
  }
  return data;
}
