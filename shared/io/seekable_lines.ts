// The lines of a file of any size, one at a time, with the place of each, so that a line can be read again later.

import { closeSync, openSync, readSync } from "node:fs";
import { fileError } from "./files.ts";

/** One line without its line break. */
export interface FileLine {
  /** From 1. */
  line: number;
  text: string;
  /** Where its first byte is in the file. */
  offset: number;
  /** Its length without the line break. */
  bytes: number;
  /** false for a last line that no line break follows. */
  ended: boolean;
}

const CHUNK = 1 << 20;
const NEWLINE = 10;

/** Reads the lines of the file at `path`. A byte order mark at its beginning is left out. */
export function* readLines(path: string): Generator<FileLine> {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    throw fileError("read", path, cause);
  }
  try {
    yield* linesOf((buffer) => readSync(file, buffer));
  } catch (cause) {
    throw cause instanceof SyntaxError ? cause : fileError("read", path, cause);
  } finally {
    closeSync(file);
  }
}

/** The lines that `read` gives: it fills a buffer and returns the number of bytes, 0 at the end. */
export function* linesOf(read: (buffer: Uint8Array) => number): Generator<FileLine> {
  const decoder = new TextDecoder(); // leaves a byte order mark out
  let parts: Uint8Array[] = [];
  let pending = 0;
  let offset = 0;
  let line = 0;
  const take = (ended: boolean): FileLine => {
    const [only] = parts;
    const bytes = parts.length === 1 && only ? only : concat(parts, pending);
    const text = decoder.decode(bytes);
    const taken = { line: ++line, text: text.endsWith("\r") ? text.slice(0, -1) : text, offset, ended };
    offset += bytes.length + (ended ? 1 : 0);
    parts = [];
    pending = 0;
    return { ...taken, bytes: bytes.length };
  };
  for (;;) {
    const chunk = new Uint8Array(CHUNK);
    const size = read(chunk);
    if (size === 0) break;
    for (let start = 0; start < size;) {
      const end = chunk.subarray(0, size).indexOf(NEWLINE, start);
      const part = chunk.subarray(start, end < 0 ? size : end);
      parts.push(part);
      pending += part.length;
      if (end < 0) break;
      yield take(true);
      start = end + 1;
    }
  }
  if (pending > 0) yield take(false);
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
