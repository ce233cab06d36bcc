// What the readers of files with tensors have in common (safetensors.ts, gguf.ts): a file that is open while its tensors
// are read one by one.

import { closeSync, openSync, readSync } from "node:fs";
import { fileError } from "./files.ts";

/** A part of a tensor, by its first dimension. */
export interface Rows {
  first: number;
  count: number;
}

/** Opens a file to read it. Throws one sentence where it cannot be opened. */
export function openFile(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw fileError("read", path, cause);
  }
}

/** What `read` gives; the file is closed where it throws. */
export function orClose<T>(file: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** The bytes from `start` to `end`, however many a call of the system gives; `truncated` makes the error for a file that ends before. */
export function readBytes(
  file: number,
  start: number,
  end: number,
  truncated: (size: number) => Error,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(end - start);
  for (let done = 0; done < bytes.length;) {
    const n = readSync(file, bytes, done, bytes.length - done, start + done);
    if (n === 0) throw truncated(start + done);
    done += n;
  }
  return bytes;
}

/**
 * The tensor of a name.
 *
 * @param shape What the shape must be; anything is accepted without it.
 */
export function tensorNamed<T extends { shape: readonly number[] }>(
  { path, tensors }: { path: string; tensors: ReadonlyMap<string, T> },
  name: string,
  shape?: readonly number[],
): T {
  const info = tensors.get(name);
  if (info === undefined) throw new TypeError(`Cannot load ${path} as tensor ${name} is missing`);
  if (shape !== undefined && String(shape) !== String(info.shape)) {
    throw new TypeError(
      `Cannot load ${path} as tensor ${name} must be [${shape.join(", ")}]: ` +
        `current shape is [${info.shape.join(", ")}]`,
    );
  }
  return info;
}
