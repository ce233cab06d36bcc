// The two archive formats of an npm package, read with Node alone: .tgz and .tar.br.

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
