// Vocabulary-sized matrices may exceed what one binding holds (128 MiB on some adapters): they are bound in
// pieces of whole rows.

import type { Shard } from "#shared/engine/ops/decode/decode.ts";
export type { Shard };
import type { Gpu } from "#shared/engine/gpu/device.ts";
import { bytesOf } from "#shared/engine/ops/storage/dtype.ts";
import type { Parameter } from "./weights.ts";

/**
 * The parameter's rows in as few bindings as the adapter allows, of at most `atMost` rows; each starts at a multiple
 * of 64 rows, which is one of 256 bytes, the alignment of offsets.
 */
export function rowShards(
  gpu: Gpu,
  { name, rows, cols, buffer, dtype }: Parameter,
  atMost = Infinity,
): Shard[] {
  const rowBytes = cols * bytesOf(dtype);
  const most = Math.min(Math.floor(gpu.bindingBytes / (rowBytes * 64)) * 64, atMost);
  if (most === 0) {
    throw new RangeError(
      `Cannot bind ${name} as 64 of its rows must fit into ${gpu.bindingBytes} bytes: current size is ${
        rowBytes * 64
      } bytes`,
    );
  }
  const shards: Shard[] = [];
  for (let first = 0; first < rows; first += most) {
    const count = Math.min(most, rows - first);
    shards.push({ binding: { buffer, offset: first * rowBytes, size: count * rowBytes }, first, count });
  }
  return shards;
}
