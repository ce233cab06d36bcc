// Backward of shared/engine/ops/rope/rope.ts: the rotation undone, then Qwen3's q/k norm where the model has it.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import type { HeadShape } from "./rope.ts";
import { rmsNormWeightBackward } from "#shared/engine/ops/rms_norm/rms_norm_backward.ts";
import normSource from "./qk_norm_backward.wgsl" with { type: "text" };
import rstdSource from "./qk_norm_rstd.wgsl" with { type: "text" };
import ropeSource from "./rope_backward.wgsl" with { type: "text" };

/**
 * In place: dqkv (tokens, (heads + 2 kvHeads) headDim) from the gradient of the rotated heads to that of the
 * unrotated ones. positions (tokens, u32); table as `Model.ropeTable` makes it.
 */
export function ropeBackward(
  recorder: Recorder,
  buffers: { positions: Binding; table: Binding; dqkv: Binding },
  { tokens, heads, kvHeads, headDim }: HeadShape & { tokens: number },
): void {
  const params = { tokens, heads, kv_heads: kvHeads, head_dim: headDim };
  const kernel = recorder.gpu.kernel("rope_backward", ropeSource);
  recorder.dispatch(kernel, params, buffers, linearGrid(tokens * (heads + kvHeads), 64));
}

/**
 * In place: dqkv from the gradient of the normalised q and k heads to that of `raw`, and the weight gradients
 * dq_norm, dk_norm (headDim) += theirs (undefined: frozen). rstd (tokens, heads + kvHeads) is scratch; partials as in `rmsNormBackward`
 * for tokens * heads rows.
 */
export function qkNormBackward(
  recorder: Recorder,
  buffers: {
    raw: Binding;
    q_norm: Binding;
    k_norm: Binding;
    rstd: Binding;
    partials: Binding;
    dqkv: Binding;
    dq_norm: Binding | undefined;
    dk_norm: Binding | undefined;
  },
  { tokens, heads, kvHeads, headDim, eps }: HeadShape & { tokens: number; eps: number },
): void {
  const { gpu } = recorder;
  const { raw, rstd, partials, dqkv, dq_norm, dk_norm } = buffers;
  const params = { tokens, heads, kv_heads: kvHeads, head_dim: headDim, eps };
  const threads = linearGrid(tokens * (heads + kvHeads), 64);
  recorder.dispatch(gpu.kernel("qk_norm_rstd", rstdSource), params, { raw, rstd }, threads);
  const wide = { cols: headDim, stride: (heads + 2 * kvHeads) * headDim, rstd_stride: heads + kvHeads };
  rmsNormWeightBackward(recorder, { x: raw, rstd, dy: dqkv, partials, dweight: dq_norm }, {
    ...wide,
    rows: tokens * heads,
    slices: heads,
    offset: 0,
    rstd_offset: 0,
  });
  rmsNormWeightBackward(recorder, { x: raw, rstd, dy: dqkv, partials, dweight: dk_norm }, {
    ...wide,
    rows: tokens * kvHeads,
    slices: kvHeads,
    offset: heads * headDim,
    rstd_offset: heads,
  });
  const inPlace = { raw, rstd, q_norm: buffers.q_norm, k_norm: buffers.k_norm, dqkv };
  recorder.dispatch(gpu.kernel("qk_norm_backward", normSource), params, inPlace, threads);
}
