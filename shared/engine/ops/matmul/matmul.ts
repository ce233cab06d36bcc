// Matrix products in f32. Weights are stored on the GPU as (in, out), so a forward pass is NN, an input gradient NT
// and a weight gradient TN. Columns and inner dimensions are multiples of 4; rows (tokens) are any number. The weights
// of NN and NT may be stored in 16 bits: the sums are those of the same numbers in f32.

import type { Binding, Recorder } from "#shared/engine/gpu/recorder.ts";
import { type Dtype, kernelReading } from "#shared/engine/ops/storage/dtype.ts";
import { MATRIX_TILE, matrixProduct } from "./matmul_matrix.ts";
import nn from "./matmul_nn.wgsl" with { type: "text" };
import { splitConstants, splitProduct } from "./matmul_split.ts";
import { type Kind, subgroupProduct, subgroupTile } from "./matmul_subgroup.ts";
import nt from "./matmul_nt.wgsl" with { type: "text" };
import tn from "./matmul_tn.wgsl" with { type: "text" };
import { WORKGROUP_TILE, workgroupProduct } from "./matmul_workgroup.ts";

const kinds = <T>(make: (kind: Kind) => T) => ({ nn: make("nn"), nt: make("nt"), tn: make("tn") });
/** The variants besides the portable kernels: they differ only in text and tile. */
const VARIANTS = {
  subgroups8: { label: "subgroup", text: kinds(subgroupProduct), tile: kinds(subgroupTile) },
  workgroup: { label: "workgroup", text: kinds(workgroupProduct), tile: kinds(() => WORKGROUP_TILE) },
  matrix: { label: "matrix", text: kinds(matrixProduct), tile: kinds(() => MATRIX_TILE) },
  matrix_f16: { label: "split", text: kinds(() => splitProduct), tile: kinds(() => MATRIX_TILE) },
};

/** The text of every product, to tell whether a choice among them was made for these. */
export function productTexts(): string[] {
  return [nn, nt, tn, ...Object.values(VARIANTS).flatMap(({ text }) => Object.values(text))];
}

export interface MatmulShape {
  rows: number;
  cols: number;
  inner: number;
}

/**
 * out (rows, cols) (+)= x (rows, inner) w (inner, cols) + bias (cols) + residual (rows, cols). x may be the columns
 * from `xFirst` on of a matrix of `xStride` columns; w is stored as `dtype`, float32 by default.
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
  shape: MatmulShape & { accumulate?: boolean; xStride?: number; xFirst?: number; dtype?: Dtype },
): void {
  const { x, w, bias, residual, out } = buffers;
  const { rows, cols, inner, accumulate = false, xStride = inner, xFirst = 0, dtype } = shape;
  checkQuads("matmul_nn", { cols, inner });
  const params = {
    rows,
    cols,
    inner,
    has_bias: bias ? 1 : 0,
    has_residual: residual ? 1 : 0,
    accumulate: accumulate ? 1 : 0,
    x_stride: xStride,
    x_first: xFirst,
  };
  // An absent operand is bound to w, which is only read as well.
  const bindings = { x, w, bias: bias ?? w, residual: residual ?? w, out };
  const { products } = recorder.gpu;
  if (products !== "base" && xStride % 4 === 0 && xFirst % 4 === 0) {
    const places = { out_stride: cols, out_first: 0 };
    return dispatchVariant(recorder, products, "nn", { ...params, ...places }, bindings, dtype);
  }
  const kernel = kernelReading(recorder.gpu, "matmul_nn", nn, "w", dtype);
  recorder.dispatch(kernel, params, bindings, [Math.ceil(cols / 64), Math.ceil(rows / 32)]);
}

/**
 * out (rows, cols) (+)= x (rows, inner) w^T, w (cols, inner). out may be the columns from `outFirst` on of a matrix
 * of `outStride` columns, both multiples of 4; w is stored as `dtype`, float32 by default.
 */
export function matmulNT(
  recorder: Recorder,
  buffers: { x: Binding; w: Binding; out: Binding },
  shape: MatmulShape & { accumulate?: boolean; outStride?: number; outFirst?: number; dtype?: Dtype },
): void {
  const { rows, cols, inner, accumulate = false, outStride = cols, outFirst = 0, dtype } = shape;
  checkQuads("matmul_nt", { cols, inner });
  const common = { rows, cols, inner, accumulate: accumulate ? 1 : 0, out_first: outFirst };
  const params = { ...common, out_stride: outStride };
  const { products } = recorder.gpu;
  if (products !== "base") {
    const plain = { x_stride: inner, x_first: 0, has_bias: 0, has_residual: 0 };
    const bindings = { ...buffers, bias: buffers.w, residual: buffers.w };
    return dispatchVariant(recorder, products, "nt", { ...params, ...plain }, bindings, dtype);
  }
  const kernel = kernelReading(recorder.gpu, "matmul_nt", nt, "w", dtype);
  recorder.dispatch(kernel, params, buffers, [Math.ceil(cols / 32), Math.ceil(rows / 32)]);
}

/**
 * out (rows, cols) (+)= x^T y, x (inner, rows), y (inner, cols); inner is any number. x may be the columns from
 * `xFirst` on of a matrix of `xStride` columns, both multiples of 4.
 */
export function matmulTN(
  recorder: Recorder,
  { x, y, out }: { x: Binding; y: Binding; out: Binding },
  shape: MatmulShape & { accumulate?: boolean; xStride?: number; xFirst?: number },
): void {
  const { rows, cols, inner, accumulate = false, xStride = rows, xFirst = 0 } = shape;
  checkQuads("matmul_tn", { rows, cols });
  const common = { rows, cols, inner, accumulate: accumulate ? 1 : 0, x_first: xFirst };
  const params = { ...common, x_stride: xStride };
  const { products } = recorder.gpu;
  if (products !== "base") {
    const plain = { out_stride: cols, out_first: 0, has_bias: 0, has_residual: 0 };
    const bindings = { x, w: y, bias: y, residual: y, out };
    return dispatchVariant(recorder, products, "tn", { ...params, ...plain }, bindings);
  }
  const grid = [Math.ceil(cols / 64), Math.ceil(rows / 32)] as const;
  recorder.dispatch(recorder.gpu.kernel("matmul_tn", tn), params, { x, y, out }, grid);
}

function dispatchVariant(
  recorder: Recorder,
  variant: keyof typeof VARIANTS,
  kind: Kind,
  params: Record<string, number> & MatmulShape,
  bindings: Record<string, Binding>,
  dtype: Dtype = "float32",
): void {
  const { label, text, tile } = VARIANTS[variant];
  const { gpu } = recorder;
  const constants = variant === "matrix"
    ? { LANES: gpu.matrixLanes }
    : variant === "matrix_f16"
    ? splitConstants(kind, gpu.halfUnits!, dtype)
    : {};
  const kernel = kernelReading(gpu, `matmul_${kind}_${label}`, text[kind], "w", dtype, constants);
  const { rows, cols } = tile[kind];
  recorder.dispatch(kernel, params, bindings, [Math.ceil(params.cols / cols), Math.ceil(params.rows / rows)]);
}

function checkQuads(what: string, sizes: Record<string, number>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (size % 4 !== 0) {
      throw new RangeError(`Cannot run ${what} as ${name} must be a multiple of 4: current value is ${size}`);
    }
  }
}
