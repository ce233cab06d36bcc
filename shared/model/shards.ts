// Vocabulary-sized matrices may exceed what one binding holds (128 MiB on some adapters): they are bound in
// pieces of whole rows.

import type { Shard } from "#shared/kernels/decode.ts";
export type { Shard };
import type { Gpu } from "#shared/gpu/device.ts";
import type { Parameter } from "./weights.ts";

/** The parameter's rows in as few bindings as the adapter allows; each starts at a multiple of 64 rows. */
export function rowShards(
  gpu: Gpu,
  { name, rows, cols, buffer }: Parameter,
): Shard[] {
  const most = Math.floor(gpu.bindingBytes / (cols * 4 * 64)) * 64; // 64 rows of 4-byte numbers: the offset alignment of 256
  if (most === 0) {
    throw new RangeError(
      `Cannot bind ${name} as 64 of its rows must fit into ${gpu.bindingBytes} bytes: current size is ${
        cols * 256
      } bytes`,
    );
  }
  const shards: Shard[] = [];
  for (let first = 0; first < rows; first += most) {
    const count = Math.min(most, rows - first);
    shards.push({ binding: { buffer, offset: first * cols * 4, size: count * cols * 4 }, first, count });
  }
  return shards;
}
