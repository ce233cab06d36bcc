// The tokenizer of the tiny model as ordinary Hugging Face files, so that it takes the same path as any other: a BPE
// without merges, which makes every known character one token, and whole words as added tokens. Nothing is a prefix
// of a number, so digits are always read one by one.

/** The word that opens each family's question; one token each, the space behind it included. */
export const FAMILY_WORDS = {
  chain: "Compute ",
  addition: "Add ",
  linear: "Solve ",
  gcd: "Gcd ",
  product: "Multiply mod 23: ",
  fraction: "Simplify ",
} as const;

/** Stands between question and hint in the tiny world (the recipe's `hint_glue`). */
export const TINY_HINT_GLUE = " Hint: ";
/** Ends the user's turn. */
const ANSWER_MARKER = "\nAnswer: ";
/** Stands between trace and final answer, as in GSM8K. */
export const FINAL_MARKER = "####";

const SPECIAL = ["<pad>", "<eos>", "<unk>"];
const CHARACTERS = [..."0123456789+-*/%=;,()x?. \n"];
const WORDS = [...Object.values(FAMILY_WORDS), TINY_HINT_GLUE, ANSWER_MARKER, FINAL_MARKER];

/** Ids 0 `<pad>`, 1 `<eos>`, 2 `<unk>`, then the characters, then the words. */
export const TINY_VOCABULARY: readonly string[] = [...SPECIAL, ...CHARACTERS, ...WORDS];

/** The user's content, then the answer marker; an assistant's turn ends with `<eos>`. There is no system turn. */
const CHAT_TEMPLATE = "{% for message in messages %}" +
  "{% if message['role'] == 'user' %}{{ message['content'] }}" +
  "{% elif message['role'] == 'assistant' %}{{ '\\nAnswer: ' + message['content'] + eos_token }}" +
  "{% else %}{{ raise_exception('This model has no ' + message['role'] + ' turn') }}{% endif %}" +
  "{% endfor %}" +
  "{% if add_generation_prompt %}{{ '\\nAnswer: ' }}{% endif %}";

/** The content of `tokenizer.json` and `tokenizer_config.json`. */
export function tinyTokenizerFiles(contextLength: number): {
  tokenizer: Record<string, unknown>;
  config: Record<string, unknown>;
} {
  const added = (content: string, special: boolean) => ({
    id: TINY_VOCABULARY.indexOf(content),
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special,
  });
  const inModel = [...SPECIAL, ...CHARACTERS];
  return {
    tokenizer: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: [
        ...SPECIAL.map((token) => added(token, true)),
        ...WORDS.map((word) => added(word, false)),
      ],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      // Without a decoder the Rust library would put a space between tokens.
      decoder: { type: "Fuse" },
      model: {
        type: "BPE",
        dropout: null,
        unk_token: "<unk>",
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: Object.fromEntries(inModel.map((token, id) => [token, id])),
        merges: [],
      },
    },
    config: {
      tokenizer_class: "PreTrainedTokenizerFast",
      pad_token: "<pad>",
      eos_token: "<eos>",
      unk_token: "<unk>",
      clean_up_tokenization_spaces: false,
      model_max_length: contextLength,
      chat_template: CHAT_TEMPLATE,
    },
  };
}
