// Causal grouped-query attention over segments of packed tokens, backward, without atomics.
//
// The probabilities come back from the saved log-sum-exp (FlashAttention-2, Dao 2023, section 3.1). In the portable
// kernels, unlike there, a chunk of them goes through memory: every pass is then a register-tiled product that works for
// any head size, does 5 products instead of 7, and compiles in milliseconds where unrolled heads take seconds. Subgroups
// of 8 lanes compute them twice instead, which is three times as fast, and need no memory for them.

import type { Gpu } from "#shared/engine/gpu/device.ts";
import { SUBGROUPS } from "#shared/engine/gpu/kernel.ts";
import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import type { HeadShape } from "#shared/engine/ops/rope/rope.ts";
import { SEGMENTS, type Window, windowParameter } from "./segments.ts";
import rowSource from "./attention_backward_d.wgsl" with { type: "text" };
import lanes from "./lanes.wgsl" with { type: "text" };
import keySource from "./attention_backward_kv.wgsl" with { type: "text" };
import keySubgroupSource from "./attention_backward_kv_subgroup.wgsl" with { type: "text" };
import querySource from "./attention_backward_q.wgsl" with { type: "text" };
import querySubgroupSource from "./attention_backward_q_subgroup.wgsl" with { type: "text" };
import scoreSource from "./attention_backward_scores.wgsl" with { type: "text" };

const QUERIES_SUBGROUP = SUBGROUPS + SEGMENTS + lanes + querySubgroupSource;
const KEYS_SUBGROUP = SUBGROUPS + SEGMENTS + lanes + keySubgroupSource;
const SCORES = SEGMENTS + scoreSource;
const QUERIES = SEGMENTS + querySource;
const KEYS = SEGMENTS + keySource;

/** Floats of each of two scratch buffers that let a tile of queries see `span` keys, and not more than `most` if so. */
export function scoreFloats(
  gpu: Pick<Gpu, "subgroups8">,
  { heads, span, most }: { heads: number; span: number; most: number },
): number {
  return gpu.subgroups8 ? 0 : Math.max(4 * heads * span, most);
}

/**
 * dqkv = gradient of the attention with respect to queries, keys and values (after RoPE).
 * Shapes: qkv, dqkv (tokens, (heads + 2 kvHeads) headDim); out, dout (tokens, heads headDim); lse, d (tokens, heads),
 * `d` being scratch; tiles and segments as `tablesOf` makes them; probability and dscore are scratch of
 * `scratchFloats` floats each, at least 4 heads * span, which subgroups do not read. The scores are scaled by 1 / sqrt(headDim).
 */
export function attentionBackward(
  recorder: Recorder,
  buffers: {
    qkv: Binding;
    out: Binding;
    lse: Binding;
    dout: Binding;
    tiles: Binding;
    segments: Binding;
    d: Binding;
    probability: Binding;
    dscore: Binding;
    dqkv: Binding;
  },
  { tokens, heads, kvHeads, headDim, ...seen }: HeadShape & Window & { tokens: number },
  tiles: { count: number; span: number; scratchFloats: number },
): void {
  const { gpu } = recorder;
  const { count, span } = tiles;
  const quads = headDim / 4;
  const window = windowParameter(seen);
  recorder.dispatch(
    gpu.kernel("attention_backward_d", rowSource),
    { rows: tokens * heads, head_dim: headDim },
    buffers,
    linearGrid(tokens * heads, 64),
  );
  if (gpu.subgroups8) {
    const params = { tiles: count, heads, kv_heads: kvHeads, quads, window };
    const constants = { QUADS: quads };
    const queries = gpu.kernel("attention_backward_q_subgroup", QUERIES_SUBGROUP, constants);
    recorder.dispatch(queries, params, buffers, linearGrid(count * heads, 1));
    const keys = gpu.kernel("attention_backward_kv_subgroup", KEYS_SUBGROUP, constants);
    return recorder.dispatch(keys, params, buffers, linearGrid(count * kvHeads, 1));
  }
  const chunk = Math.floor(tiles.scratchFloats / (4 * heads * span));
  if (chunk === 0) {
    throw new RangeError(
      `Cannot run attention_backward as a path of ${span} tokens needs ${
        4 * heads * span
      } floats of scratch: current size is ${tiles.scratchFloats}`,
    );
  }
  const scores = gpu.kernel("attention_backward_scores", SCORES);
  const queries = gpu.kernel("attention_backward_q", QUERIES);
  const keys = gpu.kernel("attention_backward_kv", KEYS);
  const keyGrid = linearGrid(count * kvHeads * quads, 64);
  for (let first = 0; first < count; first += chunk) {
    const end = Math.min(first + chunk, count);
    const params = {
      tokens,
      heads,
      kv_heads: kvHeads,
      head_dim: headDim,
      scale: 1 / Math.sqrt(headDim),
      tile_count: count,
      first_tile: first,
      end_tile: end,
      span,
      window,
      accumulate: first > 0 ? 1 : 0,
    };
    recorder.dispatch(scores, params, buffers, linearGrid((end - first) * heads * span / 4, 64));
    recorder.dispatch(queries, params, buffers, linearGrid((end - first) * heads * quads, 64));
    const { tiles, segments, dqkv } = buffers;
    const dk = { x_stride: (heads + 2 * kvHeads) * headDim, column: heads * headDim };
    const keyBuffers = { tiles, segments, weight: buffers.dscore, x: buffers.qkv, dqkv };
    recorder.dispatch(keys, { ...params, ...dk }, keyBuffers, keyGrid);
    const dv = { x_stride: heads * headDim, column: (heads + kvHeads) * headDim };
    const valueBuffers = { tiles, segments, weight: buffers.probability, x: buffers.dout, dqkv };
    recorder.dispatch(keys, { ...params, ...dv }, valueBuffers, keyGrid);
  }
}
