// JSON Lines: one value a line, split at "\n" only (the other Unicode line separators may stand inside strings).
// Errors name file and line.

import { messageOf } from "#shared/text/format.ts";
import { appendFileSync } from "node:fs";
import { writeFileAtomic } from "./atomic_write.ts";
import { fileError, readText } from "./files.ts";

export interface Line {
  /** From 1, blank lines counted. */
  line: number;
  value: unknown;
}

/**
 * The values of a text; `name` is the file's name for errors. With `dropTorn` a last line without its newline that
 * does not parse is left out: a killed process may have written half of it.
 */
export function* parseJsonl(
  text: string,
  name: string,
  options: { dropTorn?: boolean } = {},
): Generator<Line> {
  const lines = text.split("\n");
  for (const [i, content] of lines.entries()) {
    if (content.trim() === "") continue;
    let value: unknown;
    try {
      value = JSON.parse(content);
    } catch (cause) {
      if (options.dropTorn === true && i === lines.length - 1) return;
      const reason = messageOf(cause);
      throw new SyntaxError(`Cannot read ${name}:${i + 1} as it is not valid JSON: ${reason}`, { cause });
    }
    yield { line: i + 1, value };
  }
}

/** The values of a file. */
export function readJsonl(path: string, options: { dropTorn?: boolean } = {}): Generator<Line> {
  return parseJsonl(readText(path), path, options);
}

/** Adds one line. */
export function appendJsonl(path: string, value: unknown): void {
  try {
    appendFileSync(path, `${JSON.stringify(value)}\n`);
  } catch (cause) {
    throw fileError("write", path, cause);
  }
}

/** Replaces a file by the given values, as a whole. */
export function writeJsonl(path: string, values: Iterable<unknown>): void {
  writeFileAtomic(path, [...values].map((value) => `${JSON.stringify(value)}\n`).join(""));
}
