// Causal grouped-query attention over packed sequences, forward (online softmax, Dao et al. 2022).

import { SUBGROUPS } from "#shared/engine/gpu/kernel.ts";
import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import type { HeadShape } from "#shared/engine/ops/rope/rope.ts";
import source from "./attention.wgsl" with { type: "text" };
import subgroup from "./attention_subgroup.wgsl" with { type: "text" };

const SUBGROUP_TEXT = SUBGROUPS + subgroup;

/**
 * qkv (tokens, (heads + 2 kvHeads) headDim), rotated; seg_start (tokens, u32): index of the first token of
 * the own sequence; out (tokens, heads headDim); lse (tokens, heads) = log of the softmax denominator.
 */
export function attention(
  recorder: Recorder,
  buffers: { qkv: Binding; seg_start: Binding; out: Binding; lse: Binding },
  { tokens, heads, kvHeads, headDim }: HeadShape & { tokens: number },
): void {
  const { gpu } = recorder;
  const constants = { QUADS: headDim / 4 };
  const params = { tokens, heads, kv_heads: kvHeads, quads: headDim / 4 };
  if (gpu.subgroups8) {
    const kernel = gpu.kernel("attention_subgroup", SUBGROUP_TEXT, constants);
    return recorder.dispatch(kernel, params, buffers, linearGrid(Math.ceil(tokens / 8) * heads, 1));
  }
  const kernel = gpu.kernel("attention", source, constants);
  recorder.dispatch(kernel, params, buffers, linearGrid(tokens * heads, 64));
}
