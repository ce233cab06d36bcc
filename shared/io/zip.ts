// Writing a zip archive (PKWARE's APPNOTE 6.3) piece by piece: one entry in memory at a time, deflated.

import { crc32, deflateRawSync } from "node:zlib";

export interface ZipEntry {
  name: string;
  data: Uint8Array;
}

/** Entries and bytes beyond which an archive would need the 64-bit extension. */
const MOST_ENTRIES = 0xffff;
const MOST_BYTES = 0xffffffff;

/** The bytes of an archive. Throws when it grows beyond 65,534 entries or 4 GiB. */
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
    if (directory.length >= MOST_ENTRIES - 1 || offset + packed.length > MOST_BYTES) {
      throw new RangeError("Cannot write a zip archive of more than 65,534 entries or 4 GiB");
    }
    const local = record(0x04034b50, common);
    directory.push(
      record(0x02014b50, [[2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]),
      path,
    );
    yield local;
    yield path;
    yield packed;
    offset += local.length + path.length + packed.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const count = directory.length / 2;
  yield* directory;
  yield record(0x06054b50, [[2, 0], [2, 0], [2, count], [2, count], [4, size], [4, offset], [2, 0]]);
}

/** A signature and fields of 2 or 4 bytes, little-endian. */
function record(signature: number, fields: readonly (readonly number[])[]): Uint8Array {
  const all = [[4, signature], ...fields];
  const bytes = new Uint8Array(all.reduce((sum, [width = 0]) => sum + width, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [width = 0, value = 0] of all) {
    if (width === 4) view.setUint32(at, value, true);
    else view.setUint16(at, value, true);
    at += width;
  }
  return bytes;
}
