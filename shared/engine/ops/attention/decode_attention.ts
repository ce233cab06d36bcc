// Launchers of the attention of a decode step: decode_attention.wgsl, and decode_attention_subgroup.wgsl with either of
// its bindings. They read the number of live rows from the state buffer: see decode.ts.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import { SUBGROUPS } from "#shared/engine/gpu/kernel.ts";
import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import { type Window, windowParameter } from "./segments.ts";
import type { HeadShape } from "#shared/engine/ops/rope/rope.ts";
import attentionSource from "./decode_attention.wgsl" with { type: "text" };
import columnsSource from "./decode_attention_columns.wgsl" with { type: "text" };
import attentionSubgroupSource from "./decode_attention_subgroup.wgsl" with { type: "text" };
import workSource from "./decode_attention_work.wgsl" with { type: "text" };
import state from "#shared/engine/ops/decode/decode_state.wgsl" with { type: "text" };

const TEXT = state + attentionSource;
const SUBGROUP_TEXTS = {
  decode_attention_columns: SUBGROUPS + state + columnsSource + attentionSubgroupSource,
  decode_attention_work: SUBGROUPS + state + workSource + attentionSubgroupSource,
};

/**
 * raw (rows, (heads + 2 kvHeads) headDim): the projection of the new tokens; table as in `rope`; qk_norm (2, headDim)
 * for Qwen3; pool (tokens, 2, kvHeads, headDim); out (rows, heads headDim).
 */
export function decodeAttention(
  recorder: Recorder,
  buffers: {
    state: Binding;
    raw: Binding;
    table: Binding;
    qk_norm?: Binding | undefined;
    pool: Binding;
    out: Binding;
  },
  { rows, heads, kvHeads, headDim, eps, ...seen }: HeadShape & Window & { rows: number; eps: number },
): void {
  const { gpu } = recorder;
  const bindings = { ...buffers, qk_norm: buffers.qk_norm ?? buffers.table };
  if (attendsInSubgroups(gpu, headDim)) {
    const window = windowParameter(seen);
    const params = { raw_quads: (heads + 2 * kvHeads) * headDim / 4, out_quads: heads * headDim / 4, window };
    const shape = { rows, heads, kvHeads, headDim, eps };
    return subgroupAttention(
      recorder,
      "decode_attention_columns",
      params,
      bindings,
      shape,
      !!buffers.qk_norm,
    );
  }
  const constants = { QUADS: headDim / 4, QK_NORM: buffers.qk_norm ? 1 : 0 };
  const kernel = gpu.kernel("decode_attention", TEXT, constants);
  const params = { heads, kv_heads: kvHeads, quads: headDim / 4, eps, window: windowParameter(seen) };
  recorder.dispatch(kernel, params, bindings, linearGrid(rows * heads, 64));
}

/** Whether heads of this width have the kernel for subgroups of 8 lanes. */
export function attendsInSubgroups(gpu: Pick<Gpu, "subgroups8">, headDim: number): boolean {
  return gpu.subgroups8 && [8, 16, 32].includes(headDim);
}

/** How many of `group` heads that share keys and values the kernels for subgroups take at once. */
export function headsTogether(group: number): 1 | 2 {
  return group % 2 === 0 ? 2 : 1;
}

/** `decodeAttention` from the quads at `projected` of each row of work (rows, 4 stride) to those at `attended`. */
export function decodeAttentionOfWork(
  recorder: Recorder,
  buffers: {
    state: Binding;
    table: Binding;
    qk_norm?: Binding | undefined;
    pool: Binding;
    work: Binding;
  },
  { stride, projected, attended, ...shape }: HeadShape & Window & {
    rows: number;
    eps: number;
    stride: number;
    projected: number;
    attended: number;
  },
): void {
  const bindings = { ...buffers, qk_norm: buffers.qk_norm ?? buffers.table };
  const params = { stride, projected, attended, window: windowParameter(shape) };
  subgroupAttention(recorder, "decode_attention_work", params, bindings, shape, !!buffers.qk_norm);
}

function subgroupAttention(
  recorder: Recorder,
  label: keyof typeof SUBGROUP_TEXTS,
  params: Record<string, number>,
  bindings: Record<string, Binding>,
  { rows, heads, kvHeads, headDim, eps }: HeadShape & { rows: number; eps: number },
  qkNorm: boolean,
): void {
  const group = heads / kvHeads;
  const together = headsTogether(group);
  const kernel = recorder.gpu.kernel(label, SUBGROUP_TEXTS[label], {
    QUADS: headDim / 4,
    QK_NORM: qkNorm ? 1 : 0,
    HEADS: together,
  });
  const grid = [heads / together, Math.ceil(rows / 8)] as const;
  recorder.dispatch(kernel, { kv_heads: kvHeads, group, eps, ...params }, bindings, grid);
}
