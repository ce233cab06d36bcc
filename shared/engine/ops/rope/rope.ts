// Rotary position embedding (Su et al. 2021, half-split pairs as in Hugging Face) of packed q, k, v, with
// Qwen3's normalisation of q and k heads in front where the model has it.

import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import source from "./rope.wgsl" with { type: "text" };

export interface HeadShape {
  heads: number;
  kvHeads: number;
  /** Multiple of 8. */
  headDim: number;
}

/**
 * raw, qkv (tokens, (heads + 2 kvHeads) headDim); positions (tokens, u32); table (positions, headDim / 2, 2)
 * of cos and sin; q_norm, k_norm (headDim), both or neither.
 */
export function rope(
  recorder: Recorder,
  buffers: {
    raw: Binding;
    positions: Binding;
    table: Binding;
    q_norm?: Binding | undefined;
    k_norm?: Binding | undefined;
    qkv: Binding;
  },
  { tokens, heads, kvHeads, headDim, eps }: HeadShape & { tokens: number; eps: number },
): void {
  const { raw, positions, table, q_norm, k_norm, qkv } = buffers;
  const constants = { QK_NORM: q_norm ? 1 : 0 };
  const bindings = { raw, positions, table, q_norm: q_norm ?? table, k_norm: k_norm ?? table, qkv };
  recorder.dispatch(
    recorder.gpu.kernel("rope", source, constants),
    { tokens, heads, kv_heads: kvHeads, head_dim: headDim, eps },
    bindings,
    linearGrid(tokens * (heads + 2 * kvHeads), 64),
  );
}
