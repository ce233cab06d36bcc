// TOML files, with one sentence where they are none.

import { parse as parseToml, TomlError } from "smol-toml";
import { readText } from "./files.ts";

/** @throws SyntaxError that names the file and the line */
export function readToml(path: string): Record<string, unknown> {
  try {
    return parseToml(readText(path));
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const reason = cause.message.split("\n")[0]!.replace("Invalid TOML document: ", "");
    throw new SyntaxError(`Cannot read ${path} as line ${cause.line} is not TOML: ${reason}`, { cause });
  }
}
