// The lines of a text file, gzip or not, one after another. The text must be UTF-8; a byte-order mark is dropped.

import { messageOf } from "#shared/text/format.ts";
import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { createGunzip } from "node:zlib";
import { fileError } from "./files.ts";

export interface TextLine {
  /** From 1. */
  line: number;
  /** Without its line break. */
  text: string;
}

/** The first bytes of a file. */
export function firstBytes(path: string, count: number): Uint8Array {
  try {
    const file = openSync(path, "r");
    try {
      const bytes = new Uint8Array(count);
      return bytes.subarray(0, readSync(file, bytes));
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw fileError("read", path, cause);
  }
}

/** Yields every line, blank ones included. Throws SyntaxError that names the encoding of a text that is not UTF-8. */
export async function* textLines(path: string): AsyncGenerator<TextLine> {
  const [a, b] = firstBytes(path, 2);
  const isGzip = a === 0x1f && b === 0x8b;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let line = 0;
  const decode = (bytes: Uint8Array): TextLine => {
    line++;
    try {
      const text = decoder.decode(bytes);
      return { line, text: line === 1 ? text.replace(/^\uFEFF/, "") : text };
    } catch {
      throw new SyntaxError(`Cannot read ${path} as ${encodingFault(bytes, line)}`);
    }
  };
  let rest: Uint8Array[] = [];
  try {
    const file = createReadStream(path);
    for await (const chunk of isGzip ? file.pipe(createGunzip()) : file) {
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        yield decode(concatenated([...rest, chunk.subarray(from, end)]));
        rest = [];
        from = end + 1;
      }
      if (from < chunk.length) rest.push(chunk.slice(from));
    }
  } catch (cause) {
    if (cause instanceof SyntaxError) throw cause;
    if (!isGzip) throw fileError("read", path, cause);
    const reason = messageOf(cause);
    throw new SyntaxError(`Cannot read ${path} as its gzip data is damaged: ${reason}`, { cause });
  }
  if (rest.length > 0) yield decode(concatenated(rest));
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function encodingFault(bytes: Uint8Array, line: number): string {
  const [a, b] = bytes;
  if (line === 1 && (a === 0xff && b === 0xfe || a === 0xfe && b === 0xff)) {
    return "it is UTF-16 and must be UTF-8: convert it, for example with iconv -f UTF-16 -t UTF-8";
  }
  const byte = bytes.find((each) => each >= 0x80)!;
  const name = byte < 0xa0 ? "Windows-1252" : "Latin-1 (ISO-8859-1)";
  return `line ${line} is not UTF-8 but probably ${name}: convert it, for example with ` +
    `iconv -f ${byte < 0xa0 ? "WINDOWS-1252" : "ISO-8859-1"} -t UTF-8`;
}
