// A byte-level BPE tokenizer as GGUF's metadata has it. llama.cpp splits text by rules that it knows by name; a tokenizer
// whose rule is not among them is refused, since the model would be given other tokens than it learned.

import { join } from "node:path";
import * as v from "valibot";
import type { ModelConfig } from "#shared/engine/model/config.ts";
import type { MetadataValue } from "#shared/io/gguf_writer.ts";
import { tokenizerParts } from "#shared/io/tokenizer_files.ts";
import { preTokenizerOf, TOKEN_TYPES } from "#shared/text/gguf_tokenizer.ts";
import { parse } from "#shared/schemas/parse.ts";

const Schema = v.looseObject({
  normalizer: v.nullish(v.looseObject({ type: v.string() })),
  pre_tokenizer: v.nullish(v.looseObject({ type: v.string() })),
  added_tokens: v.optional(
    v.array(v.looseObject({ id: v.number(), content: v.string(), special: v.optional(v.boolean(), false) })),
    [],
  ),
  model: v.looseObject({
    type: v.optional(v.string()),
    byte_fallback: v.nullish(v.boolean()),
    vocab: v.record(v.string(), v.number()),
    merges: v.array(v.union([v.string(), v.tuple([v.string(), v.string()])])),
  }),
});
const ConfigSchema = v.looseObject({
  add_bos_token: v.nullish(v.boolean()),
  chat_template: v.nullish(v.unknown()),
});

export function tokenizerMetadata(
  directory: string,
  config: ModelConfig,
  template: string | null,
): [string, MetadataValue][] {
  const parts = tokenizerParts(directory);
  const tokenizer = parse(Schema, parts.tokenizer, join(directory, "tokenizer.json"));
  const settings = parse(ConfigSchema, parts.config, "tokenizer_config.json");
  const splitting = preTokenizerOf(tokenizer.pre_tokenizer);
  const { model, normalizer, added_tokens } = tokenizer;
  const isKnownNormalizer = !normalizer || (normalizer.type === "NFC" && splitting?.nfc);
  if (
    (model.type !== undefined && model.type !== "BPE") || model.byte_fallback || splitting === undefined ||
    !isKnownNormalizer
  ) {
    throw new TypeError(
      `Cannot export ${directory} as GGUF as its tokenizer must be a byte-level BPE that splits text as GPT-2's, ` +
        "SmolLM's, Qwen2's or Llama 3's does: the one in tokenizer.json does not",
    );
  }
  const names = Array.from({ length: config.vocab_size }, (_, id) => `[PAD${id}]`);
  const types = Array.from({ length: config.vocab_size }, () => TOKEN_TYPES.unused);
  const put = (id: number, name: string, type: number) => {
    if (id >= config.vocab_size) return; // a spare token beyond the model's table
    names[id] = name;
    types[id] = type;
  };
  for (const [name, id] of Object.entries(model.vocab)) put(id, name, TOKEN_TYPES.normal);
  for (const { id, content, special } of added_tokens) {
    put(id, content, special ? TOKEN_TYPES.control : TOKEN_TYPES.userDefined);
  }
  const own = typeof settings.chat_template === "string" ? settings.chat_template : null;
  const chat = template ?? own;
  const [eos] = config.eos_token_ids;
  return [
    ["tokenizer.ggml.model", { string: "gpt2" }],
    ["tokenizer.ggml.pre", { string: splitting.name }],
    ["tokenizer.ggml.tokens", { strings: names }],
    ["tokenizer.ggml.token_type", { i32s: types }],
    ["tokenizer.ggml.merges", {
      strings: model.merges.map((merge) => typeof merge === "string" ? merge : merge.join(" ")),
    }],
    ...(config.bos_token_id === null
      ? []
      : [["tokenizer.ggml.bos_token_id", { u32: config.bos_token_id }] as [string, MetadataValue]]),
    ...(eos === undefined ? [] : [["tokenizer.ggml.eos_token_id", { u32: eos }] as [string, MetadataValue]]),
    ["tokenizer.ggml.add_bos_token", { bool: settings.add_bos_token === true }],
    ...(chat === null ? [] : [["tokenizer.chat_template", { string: chat }] as [string, MetadataValue]]),
  ];
}
