// Causal grouped-query attention over packed sequences, forward (online softmax, Dao et al. 2022).

import { type Binding, linearGrid, type Recorder } from "#shared/gpu/recorder.ts";
import type { HeadShape } from "./rope.ts";
import source from "./attention.wgsl" with { type: "text" };

/**
 * qkv (tokens, (heads + 2 kvHeads) headDim), rotated; seg_start (tokens, u32): index of the first token of
 * the own sequence; out (tokens, heads headDim); lse (tokens, heads) = log of the softmax denominator.
 */
export function attention(
  recorder: Recorder,
  buffers: { qkv: Binding; seg_start: Binding; out: Binding; lse: Binding },
  { tokens, heads, kvHeads, headDim }: HeadShape & { tokens: number },
): void {
  const kernel = recorder.gpu.kernel("attention", source, { QUADS: headDim / 4 });
  const params = { tokens, heads, kv_heads: kvHeads, quads: headDim / 4 };
  recorder.dispatch(kernel, params, buffers, linearGrid(tokens * heads, 64));
}
