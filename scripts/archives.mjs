// Archives with Node alone: reading the two formats of an npm package, .tgz and .tar.br, and writing a tar.

import { brotliDecompressSync, gunzipSync } from "node:zlib";

const BLOCK = 512;

/**
 * The regular files of an uncompressed tar.
 * @param {Uint8Array} bytes
 * @returns {Map<string, Buffer>} contents by name
 */
export function readTar(bytes) {
  const tar = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const files = new Map();
  for (let at = 0; at + BLOCK <= tar.length;) {
    const field = (start, length) =>
      tar.toString("utf8", at + start, at + start + length).replace(/\0.*$/s, "");
    const base = field(0, 100);
    if (base === "") break; // two zero blocks close an archive
    const prefix = field(345, 155);
    const size = parseInt(field(124, 12), 8);
    const kind = field(156, 1);
    const start = at + BLOCK;
    if (!Number.isInteger(size) || start + size > tar.length) {
      throw new Error(`Cannot read the archive as the entry ${base} is cut short`);
    }
    if (kind === "0" || kind === "") {
      files.set(prefix ? `${prefix}/${base}` : base, tar.subarray(start, start + size));
    }
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

export function readTarGz(bytes) {
  return readTar(gunzipSync(bytes));
}

export function readTarBr(bytes) {
  return readTar(brotliDecompressSync(bytes));
}

/** Largest file that the format's octal field can name. */
const LARGEST = 8 ** 11 - 1;

/**
 * The header block of a regular file, whose contents and `tarPadding` follow. Owner and time are the same for all, so
 * that the same files give the same archive.
 * @param {{ path: string, size: number, mode: number }} file
 */
export function tarHeader({ path, size, mode }) {
  // A long name is split at a slash into a prefix and the rest.
  const cut = Buffer.byteLength(path) <= 100 ? -1 : path.indexOf("/", path.length - 101);
  const [prefix, name] = cut < 0 ? ["", path] : [path.slice(0, cut), path.slice(cut + 1)];
  if (Buffer.byteLength(name) > 100 || Buffer.byteLength(prefix) > 155 || size > LARGEST) {
    throw new RangeError(
      `Cannot archive ${path} as a name may have about 250 characters and a file 8 GiB: current size is ${size}`,
    );
  }
  const header = Buffer.alloc(BLOCK);
  const octal = (value, at, length) => header.write(value.toString(8).padStart(length - 1, "0"), at);
  header.write(name, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  header.write(" ".repeat(8) + "0", 148); // the checksum counts as spaces; a regular file
  header.write("ustar\0" + "00", 257);
  header.write(prefix, 345);
  octal(header.reduce((sum, byte) => sum + byte, 0), 148, 7);
  return header;
}

/** What fills the last block of a file. */
export function tarPadding(size) {
  return Buffer.alloc((BLOCK - size % BLOCK) % BLOCK);
}

/** What closes an archive. */
export function tarEnd() {
  return Buffer.alloc(2 * BLOCK);
}
