// Launchers of the kernels that generate one token for every live row. All read the number of live rows from the
// state buffer, so a block of steps is recorded without knowing which rows will have ended.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import { type Dtype, kernelReading } from "#shared/engine/ops/storage/dtype.ts";
import { decodeProductTexts, tileRows } from "#shared/engine/ops/matmul/decode_matmul_subgroup.ts";
import biasSource from "./decode_bias.wgsl" with { type: "text" };
import compactSource from "./compact.wgsl" with { type: "text" };
import embedSource from "./decode_embed.wgsl" with { type: "text" };
import logitsSource from "#shared/engine/ops/matmul/decode_logits.wgsl" with { type: "text" };
import matmulSource from "#shared/engine/ops/matmul/decode_matmul.wgsl" with { type: "text" };
import state from "./decode_state.wgsl" with { type: "text" };

const EMBED = state + embedSource;
const MATMUL = state + matmulSource;
const LOGITS = state + logitsSource;

/** 32-bit words before the first row of the state, and of each row: see decode_state.wgsl. */
export const STATE_HEADER = 1;
export const ROW_WORDS = 9;

/** A part of a matrix's rows that fits into one binding. */
export interface Shard {
  binding: Binding;
  first: number;
  count: number;
}

/** What a norm takes of the residual stream x: x * weight (rows, cols), sums of squares (rows, ceil(cols / 8)). */
export interface NormInput {
  scaled: Binding;
  squares: Binding;
}

/** Bytes of `NormInput.squares`. */
export function squaresBytes(rows: number, cols: number): number {
  return rows * Math.ceil(cols / 8) * 4;
}

/** x (rows, hidden) = embeddings of the rows' tokens; the shards together are the table (vocab, hidden) of `dtype`. */
export function decodeEmbed(
  recorder: Recorder,
  buffers: NormInput & { state: Binding; norm: Binding; x: Binding },
  table: readonly Shard[],
  { rows, hidden, dtype = "float32" }: { rows: number; hidden: number; dtype?: Dtype },
): void {
  const { gpu } = recorder;
  const kernel = kernelReading(gpu, "decode_embed", EMBED, "table", dtype);
  for (const { binding, first, count } of table) {
    const params = { quads: hidden / 4, first, count };
    const grid = linearGrid(rows * Math.ceil(hidden / 8), 64);
    recorder.dispatch(kernel, params, { ...buffers, table: binding }, grid);
  }
}

/**
 * out (rows, cols) = norm(x) w + bias + residual: `input` is what the norm takes of x (rows, inner); w (inner, cols) of
 * `dtype`, bias (cols), residual (rows, cols), of which one at most. With `swiglu`, w is (inner, 2 cols), bias (2 cols),
 * residual (rows, 2 cols) and out = silu(gate) * up.
 */
export function decodeNormMatmul(
  recorder: Recorder,
  { input, ...buffers }: {
    state: Binding;
    input: NormInput;
    w: Binding;
    dtype?: Dtype;
    bias?: Binding | undefined;
    residual?: Binding;
    out: Binding;
  },
  shape: { rows: number; cols: number; inner: number; eps: number; swiglu?: boolean },
): void {
  const { state, w, dtype, bias, residual, out } = buffers;
  const { scaled: x, squares } = input;
  const { unused } = recorder.gpu;
  const flags = {
    TAKE_NORM: 1,
    LEAVE_NORM: 0,
    BIAS: bias ? 1 : 0,
    RESIDUAL: residual ? 1 : 0,
    SWIGLU: shape.swiglu ? 1 : 0,
  };
  decodeProduct(
    recorder,
    flags,
    { state, x, w, added: bias ?? residual ?? w, norm: w, out, scaled: unused, squares },
    { ...shape, dtype },
  );
}

/** x (rows, cols) += bias (cols). */
export function decodeBias(
  recorder: Recorder,
  buffers: { state: Binding; bias: Binding; x: Binding },
  { rows, cols }: { rows: number; cols: number },
): void {
  const kernel = recorder.gpu.kernel("decode_bias", state + biasSource);
  recorder.dispatch(kernel, { rows, quads: cols / 4 }, buffers, linearGrid(rows * cols / 4, 64));
}

/**
 * out (rows, cols) = residual (rows, cols) + x (rows, inner) w (inner, cols), leaving in `output` what the next norm,
 * of weight `norm` (cols), takes of it.
 */
export function decodeResidualMatmul(
  recorder: Recorder,
  buffers: {
    state: Binding;
    x: Binding;
    w: Binding;
    dtype?: Dtype;
    residual: Binding;
    norm: Binding;
    out: Binding;
    output: NormInput;
  },
  shape: { rows: number; cols: number; inner: number },
): void {
  const flags = { TAKE_NORM: 0, LEAVE_NORM: 1, BIAS: 0, RESIDUAL: 1, SWIGLU: 0 };
  const { residual: added, output, dtype, ...rest } = buffers;
  decodeProduct(recorder, flags, { ...rest, added, ...output }, { ...shape, eps: 0, dtype });
}

/**
 * out (rows, cols) = x (rows, inner) w (inner, cols) + bias (cols) + residual (rows, cols), of which one at most; w is
 * stored as `dtype`, squares is left alone.
 */
export function decodeMatmul(
  recorder: Recorder,
  buffers: {
    state: Binding;
    x: Binding;
    w: Binding;
    dtype?: Dtype;
    bias?: Binding | undefined;
    residual?: Binding | undefined;
    out: Binding;
    squares: Binding;
  },
  shape: { rows: number; cols: number; inner: number },
): void {
  const { bias, residual, w, dtype, ...rest } = buffers;
  const flags = { TAKE_NORM: 0, LEAVE_NORM: 0, BIAS: bias ? 1 : 0, RESIDUAL: residual ? 1 : 0, SWIGLU: 0 };
  const bindings = { ...rest, w, added: bias ?? residual ?? w, norm: w, scaled: recorder.gpu.unused };
  decodeProduct(recorder, flags, bindings, { ...shape, eps: 0, dtype });
}

function decodeProduct(
  recorder: Recorder,
  flags: Record<string, number>,
  bindings: Record<string, Binding>,
  { rows, cols, inner, eps, dtype }: {
    rows: number;
    cols: number;
    inner: number;
    eps: number;
    dtype: Dtype | undefined;
  },
): void {
  const { gpu } = recorder;
  if (gpu.subgroups8) {
    const stride = (flags.SWIGLU ? 2 : 1) * cols / 4;
    const params = {
      inner,
      eps,
      w_quad: 1,
      w_step: stride,
      w_next: 4 * stride,
      transposed: 0,
      out_first: 0,
      out_stride: cols / 4,
      takes_norm: flags.TAKE_NORM!,
      leaves_norm: flags.LEAVE_NORM!,
      has_bias: flags.BIAS!,
      has_residual: flags.RESIDUAL!,
      swiglu: flags.SWIGLU!,
    };
    return subgroupProduct(recorder, params, bindings, { rows, cols, dtype });
  }
  const kernel = kernelReading(gpu, "decode_matmul", MATMUL, "w", dtype, flags);
  const grid = [Math.ceil(cols / (flags.SWIGLU ? 32 : 64)), Math.ceil(rows / 32)] as const;
  recorder.dispatch(kernel, { cols, inner, eps }, bindings, grid);
}

/** One kernel for all products: every variant would take as long to compile as this one. */
function subgroupProduct(
  recorder: Recorder,
  params: Record<string, number> & { inner: number; swiglu: number },
  bindings: Record<string, Binding>,
  { rows, cols, dtype }: { rows: number; cols: number; dtype: Dtype | undefined },
): void {
  const tile = tileRows(rows);
  const label = `decode_matmul_subgroup of ${tile} rows`;
  const kernel = kernelReading(recorder.gpu, label, decodeProductTexts(tile), "w", dtype);
  const grid = [Math.ceil(cols / (params.swiglu ? 16 : 32)), Math.ceil(rows / tile)] as const;
  const work = { rows, cols: params.swiglu ? 2 * cols : cols }; // for the profiler
  recorder.dispatch(kernel, { ...params, quads: cols / 4, ...work }, bindings, grid);
}

/**
 * logits (rows, stride) = norm(x) head^T, `scaled` and `squares` being what it takes of x (rows, inner); the shards are
 * the head, of `dtype`.
 */
export function decodeLogits(
  recorder: Recorder,
  buffers: NormInput & { state: Binding; logits: Binding },
  head: readonly Shard[],
  { rows, stride, inner, eps, dtype = "float32" }: {
    rows: number;
    stride: number;
    inner: number;
    eps: number;
    dtype?: Dtype;
  },
): void {
  const { gpu } = recorder;
  if (gpu.subgroups8) {
    const { scaled: x, squares, logits: out } = buffers;
    for (const { binding: w, first, count } of head) {
      const params = {
        inner,
        eps,
        w_quad: inner,
        w_step: inner / 4,
        w_next: 1,
        transposed: 1,
        out_first: first / 4,
        out_stride: stride / 4,
        takes_norm: 1,
        leaves_norm: 0,
        has_bias: 0,
        has_residual: 0,
        swiglu: 0,
      };
      const unread = { added: x, norm: x, scaled: gpu.unused };
      const bindings = { state: buffers.state, x, w, out, squares, ...unread };
      subgroupProduct(recorder, params, bindings, { rows, cols: count, dtype });
    }
    return;
  }
  const kernel = kernelReading(gpu, "decode_logits", LOGITS, "w", dtype);
  for (const { binding, first, count } of head) {
    const grid = [Math.ceil(count / 32), Math.ceil(rows / 32)] as const;
    recorder.dispatch(kernel, { count, first, stride, inner, eps }, { ...buffers, w: binding }, grid);
  }
}

/** moved = state without the rows that `sample` has ended, the others one token further. */
export function compact(
  recorder: Recorder,
  buffers: { state: Binding; next: Binding; moved: Binding },
  { rows }: { rows: number },
): void {
  const kernel = recorder.gpu.kernel("compact", compactSource);
  recorder.dispatch(kernel, { rows, row_words: ROW_WORDS }, buffers, [Math.ceil((rows + 1) / 64)]);
}
