// Keys and values between a packed batch and the key-value pool of a decoder.

import type { Kernel } from "#shared/engine/gpu/kernel.ts";
import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import type { HeadShape } from "#shared/engine/ops/rope/rope.ts";
import loadSource from "./load_kv.wgsl" with { type: "text" };
import storeSource from "./store_kv.wgsl" with { type: "text" };

/** qkv (tokens, ...), pool (any, 2, kvHeads, headDim), places (count, 2): a row of qkv and its index in the pool. */
interface KvBuffers {
  qkv: Binding;
  places: Binding;
  pool: Binding;
}

/** Copies k and v of rows of qkv to the pool. */
export function storeKv(recorder: Recorder, buffers: KvBuffers, shape: HeadShape & { count: number }): void {
  copy(recorder, recorder.gpu.kernel("store_kv", storeSource), buffers, shape);
}

/** Copies keys and values of the pool to rows of qkv. */
export function loadKv(recorder: Recorder, buffers: KvBuffers, shape: HeadShape & { count: number }): void {
  copy(recorder, recorder.gpu.kernel("load_kv", loadSource), buffers, shape);
}

function copy(
  recorder: Recorder,
  kernel: Kernel,
  buffers: KvBuffers,
  { count, heads, kvHeads, headDim }: HeadShape & { count: number },
): void {
  const params = { count, q_quads: heads * headDim / 4, kv_quads: kvHeads * headDim / 2 };
  recorder.dispatch(kernel, params, { ...buffers }, linearGrid(count * params.kv_quads, 64));
}
