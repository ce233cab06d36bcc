// A model's tokenizer: files of its directory, or the metadata of its GGUF file where those are not there.

import { copyFileSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { withAddedTokens } from "#shared/text/added_tokens.ts";
import { ggufTokenizer } from "#shared/text/gguf_tokenizer.ts";
import { Tokenizer } from "#shared/text/tokenizer.ts";
import { writeFileAtomic } from "./atomic_write.ts";
import { readJson, readText } from "./files.ts";
import { GgufFile, ggufOf } from "./gguf.ts";

const NAMES = [
  "tokenizer.json",
  "tokenizer_config.json",
  "chat_template.jinja",
  "special_tokens_map.json",
  "added_tokens.json",
];

/** Whether a directory has the two files without which there is no tokenizer. */
export function hasTokenizer(directory: string): boolean {
  return NAMES.slice(0, 2).every((name) => existsSync(join(directory, name)));
}

/** Reads tokenizer.json and tokenizer_config.json, and of the other files those that the model has. */
export function loadTokenizer(model: string): Tokenizer {
  const { tokenizer, config, template } = tokenizerParts(model);
  return new Tokenizer(tokenizer, config, template);
}

/** What `loadTokenizer` makes a tokenizer of. */
export function tokenizerParts(model: string): { tokenizer: unknown; config: unknown; template?: string } {
  const inside = fromGguf(model);
  if (inside) return inside;
  const directory = directoryOf(model);
  const [tokenizer, config, template, map, added] = NAMES.map((name) => join(directory, name)) as [
    string,
    string,
    string,
    string,
    string,
  ];
  return {
    ...withAddedTokens(readJson(tokenizer), readJson(config), {
      ...(existsSync(map) && { special_tokens_map: readJson(map) }),
      ...(existsSync(added) && { added_tokens: readJson(added) }),
    }),
    ...(existsSync(template) && { template: readText(template) }),
  };
}

/** Puts the files of a model's tokenizer, as far as there are any, into a directory. */
export function copyTokenizer(model: string, directory: string): void {
  const inside = fromGguf(model);
  if (inside) {
    writeFileAtomic(join(directory, NAMES[0]!), JSON.stringify(inside.tokenizer));
    writeFileAtomic(join(directory, NAMES[1]!), `${JSON.stringify(inside.config, null, 2)}\n`);
  }
  for (const name of inside ? [] : NAMES) {
    const source = join(directoryOf(model), name);
    if (existsSync(source)) copyFileSync(source, join(directory, name));
  }
}

function directoryOf(model: string): string {
  return model.endsWith(".gguf") ? dirname(model) : model;
}

function fromGguf(model: string) {
  const path = ggufOf(model);
  if (path === undefined || existsSync(join(dirname(path), "tokenizer.json"))) return undefined;
  const file = new GgufFile(path);
  try {
    return ggufTokenizer(file.metadata, path);
  } finally {
    file.close();
  }
}
