// SHA-256 of bytes and files, and the check of a checkpoint's files against its manifest.

import { createHash } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import type { FileEntry } from "#shared/schemas/checkpoint.ts";
import { fileError } from "./files.ts";

const CHUNK_BYTES = 1 << 20;

/** Lower-case hexadecimal digest. */
export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Size and digest of a file, named by its path below a directory. */
export function fileEntry(directory: string, path: string): FileEntry {
  const full = join(directory, path);
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    const file = openSync(full, "r");
    try {
      const chunk = new Uint8Array(CHUNK_BYTES);
      for (let n = readSync(file, chunk); n > 0; n = readSync(file, chunk)) {
        hash.update(chunk.subarray(0, n));
        bytes += n;
      }
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw fileError("read", full, cause);
  }
  return { path, bytes, sha256: hash.digest("hex") };
}

/** Digest of the names and contents of the files below a directory whose path matches. */
export function digestOfFolder(directory: string, files: RegExp): string {
  const hash = createHash("sha256");
  try {
    const paths = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((path) =>
      files.test(path)
    );
    for (const path of paths.map((path) => path.replaceAll("\\", "/")).sort()) {
      hash.update(`${path}\0`).update(readFileSync(join(directory, path))).update("\0");
    }
  } catch (cause) {
    throw fileError("read", directory, cause);
  }
  return hash.digest("hex");
}

/** Throws when a listed file is missing, has another size or other content. */
export function checkFiles(directory: string, entries: readonly FileEntry[]): void {
  for (const entry of entries) {
    const found = fileEntry(directory, entry.path);
    const full = join(directory, entry.path);
    if (found.bytes !== entry.bytes) {
      throw new Error(
        `Cannot load ${full} as it must have ${entry.bytes} bytes: current size is ${found.bytes}`,
      );
    }
    if (found.sha256 !== entry.sha256) {
      throw new Error(
        `Cannot load ${full} as its content has changed: SHA-256 must be ${entry.sha256}, is ${found.sha256}`,
      );
    }
  }
}
