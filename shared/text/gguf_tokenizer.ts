// The tokenizer of a GGUF file as tokenizer.json and tokenizer_config.json: byte-level BPE, the pre-tokenizer by its name
// in llama.cpp (llama-vocab.cpp), or SentencePiece.

import { sentencePieceParts } from "./gguf_sentencepiece.ts";

type Metadata = ReadonlyMap<string, unknown>;

/** Types of tokens in GGUF. */
export const TOKEN_TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5 };

type Step = { type: string } & Record<string, unknown>;

const regex = (Regex: string): Step => ({
  type: "Split",
  pattern: { Regex },
  behavior: "Isolated",
  invert: false,
});
const bytes = (use_regex: boolean): Step => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex,
});
const WORDS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";
const REST = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

interface PreTokenizer {
  steps: Step[];
  nfc?: boolean;
  ignore_merges?: boolean;
}

/** By llama.cpp's name. */
const PRE_TOKENIZERS: Record<string, PreTokenizer> = {
  "gpt-2": { steps: [bytes(true)] },
  smollm: { steps: [{ type: "Digits", individual_digits: true }, bytes(true)] },
  qwen2: { steps: [regex(`${WORDS}|\\p{N}${REST}`), bytes(false)], nfc: true },
  "deepseek-r1-qwen": { steps: [regex(`${WORDS}|\\p{N}${REST}`), bytes(false)] },
  "llama-bpe": { steps: [regex(`${WORDS}|\\p{N}{1,3}${REST}`), bytes(false)], ignore_merges: true },
};
/** Older names. */
const ALIASES: Record<string, string> = { llama3: "llama-bpe", "llama-v3": "llama-bpe" };

/** What the tokenizers library takes for a setting that a step of tokenizer.json does not have. */
const DEFAULTS: Record<string, object> = { ByteLevel: { use_regex: true }, Split: { invert: false } };

/** The pre-tokenizer that llama.cpp has for one of tokenizer.json, with its name; undefined where none splits the same. */
export function preTokenizerOf(rule: unknown): ({ name: string } & PreTokenizer) | undefined {
  const { type, pretokenizers } = Object(rule);
  const given = type === "Sequence" && Array.isArray(pretokenizers) ? pretokenizers : [rule];
  const found = Object.entries(PRE_TOKENIZERS).find(([, { steps }]) =>
    steps.length === given.length && steps.every((step, i) => splitsAlike(step, given[i]))
  );
  return found && { name: found[0], ...found[1] };
}

/** Offsets make no difference to the tokens. */
function splitsAlike({ trim_offsets: _, ...step }: Step, given: unknown): boolean {
  const other = { ...DEFAULTS[step.type], ...Object(given) };
  return Object.entries(step).every(([key, value]) => JSON.stringify(other[key]) === JSON.stringify(value));
}

function preTokenizerNamed(name: string): PreTokenizer | undefined {
  const own = ALIASES[name] ?? name;
  return Object.hasOwn(PRE_TOKENIZERS, own) ? PRE_TOKENIZERS[own] : undefined;
}

function byteLevelParts(
  tokens: readonly string[],
  merges: readonly string[],
  { steps, nfc, ignore_merges = false }: PreTokenizer,
) {
  return {
    normalizer: nfc ? { type: "NFC" } : null,
    pre_tokenizer: { type: "Sequence", pretokenizers: steps },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      unk_token: null,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map((merge) => merge.split(" ")),
      ignore_merges,
    },
  };
}

/** @throws TypeError for a kind of tokenizer that is not known here. */
export function ggufTokenizer(metadata: Metadata, path: string): { tokenizer: object; config: object } {
  const get = <T>(name: string) => metadata.get(`tokenizer.${name}`) as T | undefined;
  const refuse = (key: string, allowed: string, value: unknown): never => {
    throw new TypeError(
      `Cannot read the tokenizer of ${path} as tokenizer.ggml.${key} must be ${allowed}: current value is ${value}; ` +
        "put the model's tokenizer.json and tokenizer_config.json next to it",
    );
  };
  const model = get<string>("ggml.model");
  const tokens = get<string[]>("ggml.tokens") ?? refuse("tokens", "there", "nothing");
  const types = get<number[]>("ggml.token_type") ?? [];
  const merges = get<string[]>("ggml.merges");
  const isSentencePiece = model === "llama";
  if (model !== "gpt2" && !isSentencePiece) refuse("model", "gpt2 or llama", model);
  const parts = isSentencePiece
    ? sentencePieceParts({
      tokens,
      scores: get<number[]>("ggml.scores") ?? refuse("scores", "there", "nothing"),
      merges,
      addSpacePrefix: get<boolean>("ggml.add_space_prefix") ?? true,
    })
    : byteLevelParts(
      tokens,
      merges ?? refuse("merges", "there", "nothing"),
      preTokenizerNamed(get<string>("ggml.pre") ?? "gpt-2") ??
        refuse("pre", `one of ${Object.keys(PRE_TOKENIZERS).join(", ")}`, get("ggml.pre")),
    );
  const special = (name: string) => tokens[get<number>(`ggml.${name}_token_id`) ?? -1];
  // llama.cpp begins a text of SentencePiece with bos unless the file says otherwise.
  const bos = get<boolean>("ggml.add_bos_token") ?? isSentencePiece ? special("bos") : undefined;
  const { unknown, control, userDefined } = TOKEN_TYPES;
  const isSpecial = (id: number) => types[id] === control || isSentencePiece && types[id] === unknown;
  const added_tokens = tokens.flatMap((content, id) =>
    isSpecial(id) || types[id] === userDefined
      ? [{
        id,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: isSpecial(id),
      }]
      : []
  );
  const tokenizer = {
    version: "1.0",
    added_tokens,
    ...parts,
    post_processor: bos === undefined ? null : {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: bos, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: { [bos]: { id: bos, ids: [tokens.indexOf(bos)], tokens: [bos] } },
    },
  };
  const named = Object.fromEntries(
    [["bos", "bos"], ["eos", "eos"], ["unk", "unknown"], ["pad", "padding"]].flatMap(([key, name]) => {
      const token = special(name!);
      return token === undefined ? [] : [[`${key}_token`, token]];
    }),
  );
  const template = get<string>("chat_template");
  const config = {
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
    ...named,
    ...(template === undefined ? {} : { chat_template: template }),
  };
  return { tokenizer, config };
}
