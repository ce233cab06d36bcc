// Files and directories that exist completely or not at all: written next to their final place, flushed to the
// disk, then renamed. A failure (disk full, a crash) leaves the former content and at most one temporary name.

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { errorCode, fileError } from "./files.ts";

/** Appends bytes to the file that is being written. */
export type Write = (bytes: Uint8Array) => void;

/** Replaces a file by the given content, or by what the callback writes. */
export function writeFileAtomic(path: string, content: string | Uint8Array | ((write: Write) => void)): void {
  const temporary = `${path}.tmp`;
  try {
    const file = openSync(temporary, "w");
    try {
      const write: Write = (bytes) => {
        for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done);
      };
      if (typeof content === "function") content(write);
      else write(typeof content === "string" ? new TextEncoder().encode(content) : content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (cause) {
    try {
      rmSync(temporary, { force: true });
    } catch {
      // Where nothing can be written, nothing is left behind; the first error says why.
    }
    throw errorCode(cause) === undefined ? cause : fileError("write", path, cause);
  }
}

/**
 * Replaces a directory by one that the callback fills. What was at the path stays until the new content is complete
 * and on the disk; `recoverDirectory` repairs the one moment at which neither has the name.
 */
export async function writeDirectoryAtomic(
  path: string,
  fill: (temporary: string) => void | Promise<void>,
): Promise<void> {
  const temporary = `${path}.tmp`;
  const former = `${path}.old`;
  recoverDirectory(path);
  try {
    mkdirSync(temporary, { recursive: true });
    await fill(temporary);
    syncTree(temporary);
    if (existsSync(path)) renameSync(path, former);
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (cause) {
    try {
      recoverDirectory(path);
    } catch {
      // Where nothing can be written, nothing can be removed either; the first error says why.
    }
    throw errorCode(cause) === undefined ? cause : fileError("write", path, cause);
  }
  rmSync(former, { recursive: true, force: true });
}

/** Removes what an interrupted `writeDirectoryAtomic` left; call it before reading a directory that it writes. */
export function recoverDirectory(path: string): void {
  rmSync(`${path}.tmp`, { recursive: true, force: true });
  if (!existsSync(path) && existsSync(`${path}.old`)) renameSync(`${path}.old`, path);
  rmSync(`${path}.old`, { recursive: true, force: true });
}

function syncTree(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) syncTree(child);
    else if (entry.isFile()) syncFile(child);
  }
  syncDirectory(path);
}

function syncFile(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes a rename or a new name in a directory durable. */
function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
