// Writing a zip archive (PKWARE's APPNOTE 6.3) piece by piece: one entry in memory at a time, deflated.

import { crc32, deflateRawSync } from "node:zlib";

export interface ZipEntry {
  name: string;
  data: Uint8Array;
}

/** Counts and offsets from here on are written in the 64-bit extension. */
const MOST_ENTRIES = 0xffff;
const MOST_BYTES = 0xffffffff;

/** The bytes of an archive of any number of entries, each below 4 GiB. */
export function* zip(entries: Iterable<ZipEntry>): Generator<Uint8Array> {
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, data } of entries) {
    const path = new TextEncoder().encode(name);
    const packed = new Uint8Array(deflateRawSync(data));
    // Version 2.0, names in UTF-8, deflate; a fixed time (1980-01-01) so that the same entries give the same bytes.
    const common = [
      [2, 20],
      [2, 0x800],
      [2, 8],
      [2, 0],
      [2, 0x21],
      [4, crc32(data)],
      [4, packed.length],
      [4, data.length],
      [2, path.length],
      [2, 0],
    ];
    if (data.length >= MOST_BYTES) {
      throw new RangeError(`Cannot write ${name} into a zip archive as it has 4 GiB`);
    }
    const far = offset >= MOST_BYTES ? fields([[2, 1], [2, 8], [8, offset]]) : new Uint8Array();
    const listed = common.with(9, [2, far.length]);
    const local = record(0x04034b50, common);
    directory.push(
      record(0x02014b50, [[2, 20], ...listed, [2, 0], [2, 0], [2, 0], [4, 0], [
        4,
        Math.min(offset, MOST_BYTES),
      ]]),
      path,
      far,
    );
    yield local;
    yield path;
    yield packed;
    offset += local.length + path.length + packed.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const count = directory.length / 3;
  yield* directory;
  if (count >= MOST_ENTRIES || offset + size >= MOST_BYTES) {
    const counts = [[8, count], [8, count], [8, size], [8, offset]];
    yield record(0x06064b50, [[8, 44], [2, 45], [2, 45], [4, 0], [4, 0], ...counts]);
    yield record(0x07064b50, [[4, 0], [8, offset + size], [4, 1]]);
  }
  yield record(0x06054b50, [
    ...[[2, 0], [2, 0], [2, Math.min(count, MOST_ENTRIES)], [2, Math.min(count, MOST_ENTRIES)]],
    ...[[4, Math.min(size, MOST_BYTES)], [4, Math.min(offset, MOST_BYTES)], [2, 0]],
  ]);
}

/** A signature and fields of 2, 4 or 8 bytes, little-endian. */
function record(signature: number, values: readonly (readonly number[])[]): Uint8Array {
  return fields([[4, signature], ...values]);
}

function fields(values: readonly (readonly number[])[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((sum, [width = 0]) => sum + width, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [width = 0, value = 0] of values) {
    if (width === 8) view.setBigUint64(at, BigInt(value), true);
    else if (width === 4) view.setUint32(at, value, true);
    else view.setUint16(at, value, true);
    at += width;
  }
  return bytes;
}
