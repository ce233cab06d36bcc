// Tokens that tokenizer.json does not name but a file beside it does (tokenizer_config.json, special_tokens_map.json,
// added_tokens.json), put into it as transformers 5.24 does: _from_pretrained in tokenization_utils_base.py and
// TokenizersBackend.__init__ in tokenization_utils_tokenizers.py. Ids are those of add_tokens in the Rust library.

import * as v from "valibot";
import { parse } from "#shared/schemas/parse.ts";

const flag = v.optional(v.boolean());
const TokenSchema = v.looseObject({
  content: v.string(),
  single_word: flag,
  lstrip: flag,
  rstrip: flag,
  normalized: flag,
  special: flag,
});
const NameSchema = v.union([v.string(), TokenSchema]);
type Named = v.InferOutput<typeof NameSchema>;
type Flagged = v.InferOutput<typeof TokenSchema>;

const name = v.nullish(NameSchema);
/** In the order in which they are added. */
const named = {
  bos_token: name,
  eos_token: name,
  unk_token: name,
  sep_token: name,
  pad_token: name,
  cls_token: name,
  mask_token: name,
};
const NAMED = Object.keys(named) as (keyof typeof named)[];
const extras = v.nullish(v.union([v.array(NameSchema), v.record(v.string(), NameSchema)]));

const TokenizerSchema = v.looseObject({
  added_tokens: v.nullish(v.array(v.looseObject({ id: v.number(), ...TokenSchema.entries }))),
  model: v.looseObject({
    dropout: v.nullish(v.literal(0, "must be null or 0, as texts would have other tokens every time")),
  }),
});
const MapSchema = v.looseObject({
  ...named,
  additional_special_tokens: extras,
  extra_special_tokens: extras,
});
const ConfigSchema = v.looseObject({
  ...MapSchema.entries,
  added_tokens_decoder: v.optional(v.record(v.string(), TokenSchema)),
  split_special_tokens: v.nullish(v.literal(false, "must be false, as prompts are made of special tokens")),
});

interface Token {
  content: string;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
  special: boolean;
}

/** The other files beside tokenizer.json and tokenizer_config.json, parsed; undefined where there is none. */
export interface TokenFiles {
  special_tokens_map?: unknown;
  added_tokens?: unknown;
}

/**
 * tokenizer.json and tokenizer_config.json with all tokens that the files name.
 * @throws TypeError naming a key of another type, or one that would change the tokens of every text.
 */
export function withAddedTokens(
  tokenizer: unknown,
  config: unknown,
  files: TokenFiles = {},
): { tokenizer: unknown; config: unknown } {
  const json = parse(TokenizerSchema, tokenizer, "tokenizer.json");
  const own = parse(ConfigSchema, config, "tokenizer_config.json");
  const present = (json.added_tokens ?? []).map((token) => ({ id: token.id, token: tokenOf(token) }));
  // The two older files are read only where tokenizer_config.json has no table of its own.
  const isOld = own.added_tokens_decoder === undefined;
  const map = isOld && files.special_tokens_map !== undefined
    ? parse(MapSchema, files.special_tokens_map, "special_tokens_map.json")
    : {};
  const settings: v.InferOutput<typeof ConfigSchema> = { ...own, ...map };
  const specials = NAMED.flatMap((name) => settings[name] ?? []);
  const more = settings.extra_special_tokens ?? settings.additional_special_tokens ?? [];
  specials.push(...Array.isArray(more) ? more : Object.values(more));
  const names = new Set(specials.map(contentOf));

  const added = [...present];
  let vocabulary: ReadonlyMap<string, number> | undefined; // large, and seldom needed
  const add = (token: Token) => {
    const before = added.find((each) => each.token.content === token.content);
    if (before !== undefined) return Object.assign(before.token, token);
    vocabulary ??= vocabularyOf(json.model["vocab"]);
    const next = added.reduce((largest, { id }) => Math.max(largest, id + 1), vocabulary.size);
    added.push({ id: vocabulary.get(token.content) ?? next, token });
  };
  for (const token of isOld ? olderTokens(files, names) : tokensById(own.added_tokens_decoder!)) {
    const special = token.special ||
      NAMED.some((name) => settings[name] && contentOf(settings[name]) === token.content);
    if (isOld && present.some((each) => each.token.content === token.content)) continue;
    add({ ...token, special });
  }
  for (const special of specials) {
    if (added.some(({ token }) => token.content === contentOf(special))) continue;
    add(tokenOf(typeof special === "string" ? { content: special } : special, true));
  }
  return {
    tokenizer: { ...json, added_tokens: added.map(({ id, token }) => ({ id, ...token })) },
    config: { ...own, ...map },
  };
}

function tokenOf(token: Flagged, special = token.special ?? false): Token {
  const { content, single_word = false, lstrip = false, rstrip = false, normalized = !special } = token;
  return { content, single_word, lstrip, rstrip, normalized, special };
}

const contentOf = (token: Named) => typeof token === "string" ? token : token.content;

function tokensById(decoder: Readonly<Record<string, Flagged>>): Token[] {
  return Object.entries(decoder).sort(([a], [b]) => Number(a) - Number(b)).map(([, token]) => tokenOf(token));
}

/** Those of added_tokens.json, by their ids. */
function olderTokens({ added_tokens = {} }: TokenFiles, specials: ReadonlySet<string>): Token[] {
  const ids = parse(v.record(v.string(), v.number()), added_tokens, "added_tokens.json");
  return Object.entries(ids).sort(([, a], [, b]) => a - b).map(([content]) =>
    tokenOf({ content }, specials.has(content))
  );
}

/** Ids of a model's tokens: an object, or a list of pairs with scores. */
function vocabularyOf(vocab: unknown): ReadonlyMap<string, number> {
  if (Array.isArray(vocab)) return new Map(vocab.map((entry, id) => [String(entry[0]), id]));
  return new Map(Object.entries(Object(vocab) as Record<string, number>));
}
