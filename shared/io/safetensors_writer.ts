// Writes one safetensors file; its format is in safetensors.ts.

import { writeFileAtomic } from "./atomic_write.ts";
import { f32ToBf16 } from "./half.ts";
import { ELEMENT_BYTES } from "./safetensors.ts";

/** A tensor to write: row-major f32 values. */
export interface Tensor {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

export type StoredType = "F32" | "BF16";

/** Writes a file as a whole; tensors keep their order. The values of BF16 are rounded to nearest. */
export function writeSafetensors(
  path: string,
  tensors: readonly Tensor[],
  options: { dtype?: StoredType; metadata?: Record<string, string> } = {},
): void {
  const { dtype = "F32", metadata = { format: "pt" } } = options;
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    if (shape.reduce((product, n) => product * n, 1) !== data.length) {
      throw new RangeError(
        `Cannot write ${path} as tensor ${name} of shape [${shape.join(", ")}] has ${data.length} values`,
      );
    }
    if (Object.hasOwn(header, name)) {
      throw new TypeError(`Cannot write ${path} as tensor ${name} comes twice`);
    }
    const end = offset + data.length * ELEMENT_BYTES[dtype]!;
    header[name] = { dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  // Spaces fill the header up, so that the data starts at a multiple of 8.
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(start.buffer).setBigUint64(0, BigInt(start.length - 8), true);
  start.set(json, 8);
  writeFileAtomic(path, (write) => {
    write(start);
    for (const { data } of tensors) {
      const stored = dtype === "F32" ? data : f32ToBf16(data);
      write(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
    }
  });
}
