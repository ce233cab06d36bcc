// A model directory's tokenizer.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "#shared/text/tokenizer.ts";
import { readJson, readText } from "./files.ts";

/** Reads tokenizer.json, tokenizer_config.json and, where the model has one, chat_template.jinja. */
export function loadTokenizer(directory: string): Tokenizer {
  const template = join(directory, "chat_template.jinja");
  return new Tokenizer(
    readJson(join(directory, "tokenizer.json")),
    readJson(join(directory, "tokenizer_config.json")),
    existsSync(template) ? readText(template) : undefined,
  );
}
