// Causal grouped-query attention over segments of packed tokens, forward (online softmax, Dao et al. 2022).

import { SUBGROUPS } from "#shared/engine/gpu/kernel.ts";
import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import type { HeadShape } from "#shared/engine/ops/rope/rope.ts";
import { SEGMENTS, tileOf, type Window, windowParameter } from "./segments.ts";
import lanes from "./lanes.wgsl" with { type: "text" };
import rowOf from "./row_of.wgsl" with { type: "text" };
import source from "./attention.wgsl" with { type: "text" };
import subgroup from "./attention_subgroup.wgsl" with { type: "text" };

const TEXT = SEGMENTS + source + rowOf;
const SUBGROUP_TEXT = SUBGROUPS + SEGMENTS + lanes + subgroup + rowOf;

/**
 * qkv (tokens, (heads + 2 kvHeads) headDim), rotated; tiles and segments as `tablesOf` makes them;
 * out (tokens, heads headDim); lse (tokens, heads) = log of the softmax denominator.
 */
export function attention(
  recorder: Recorder,
  buffers: { qkv: Binding; tiles: Binding; segments: Binding; out: Binding; lse: Binding },
  { tiles, heads, kvHeads, headDim, window }: HeadShape & Window & { tiles: number },
): void {
  const { gpu } = recorder;
  const constants = { QUADS: headDim / 4 };
  const tile = tileOf(gpu);
  const params = {
    tiles,
    tile,
    heads,
    kv_heads: kvHeads,
    quads: headDim / 4,
    window: windowParameter({ window }),
  };
  if (gpu.subgroups8) {
    const kernel = gpu.kernel("attention_subgroup", SUBGROUP_TEXT, constants);
    return recorder.dispatch(kernel, params, buffers, linearGrid(tiles * heads, 1));
  }
  const kernel = gpu.kernel("attention", TEXT, constants);
  recorder.dispatch(kernel, params, buffers, linearGrid(tiles * tile * heads, 64));
}
