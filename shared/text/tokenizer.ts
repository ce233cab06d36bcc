// Text to token ids and back with a model's own tokenizer.json (@huggingface/tokenizers, checked against the Rust
// library). Special tokens are added to raw prompts alone: the chat template writes its own into the text.

import * as hf from "@huggingface/tokenizers";
import * as v from "valibot";
import { parse } from "#shared/schemas/parse.ts";
import { alignPieces } from "./align_pieces.ts";
import { matchSingleWords } from "./single_words.ts";
import { type ChatMessage, type ChatTemplate, chatTemplate } from "./chat_template.ts";

const TokenSchema = v.nullish(v.union([v.string(), v.object({ content: v.string() })]));

/** What is used of tokenizer_config.json. */
const ConfigSchema = v.object({
  bos_token: TokenSchema,
  eos_token: TokenSchema,
  pad_token: TokenSchema,
  unk_token: TokenSchema,
  sep_token: TokenSchema,
  cls_token: TokenSchema,
  mask_token: TokenSchema,
  chat_template: v.nullish(
    v.union([v.string(), v.array(v.object({ name: v.string(), template: v.string() }))]),
  ),
});

const SPECIAL_TOKENS = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
] as const;

const TokenizerSchema = v.looseObject({
  model: v.looseObject({}),
  added_tokens: v.nullish(v.array(v.unknown())),
});

/** A loaded tokenizer. */
export class Tokenizer {
  readonly #tokenizer: hf.Tokenizer;
  readonly #template: ChatTemplate;
  readonly #templateText: string;
  #rows = Infinity;
  /** What chat templates see: the time (now, where none is set) and variables such as `enable_thinking`. */
  readonly chatOptions: { now?: Date; variables?: Record<string, unknown> } = {};
  /** Whether the chat template writes the date into prompts: they are others on another day. */
  readonly datedPrompts: boolean;
  /** Entries of the vocabulary, added tokens included; the largest id + 1. */
  readonly vocabSize: number;
  readonly eosToken: string | null;
  readonly unkToken: string | null;

  /**
   * @param tokenizer The parsed tokenizer.json.
   * @param config The parsed tokenizer_config.json.
   * @param template The text of chat_template.jinja, where the model has that file.
   */
  constructor(tokenizer: unknown, config: unknown, template?: string) {
    const json = parse(TokenizerSchema, tokenizer, "tokenizer.json");
    const settings = parse(ConfigSchema, config, "tokenizer_config.json");
    try {
      this.#tokenizer = new hf.Tokenizer(json, Object(config));
    } catch (cause) {
      throw new TypeError(`Cannot read tokenizer.json as its content is not supported: ${String(cause)}`, {
        cause,
      });
    }
    matchSingleWords(this.#tokenizer);
    let largest = -1; // a spread of 151,000 arguments overflows Deno's stack
    for (const id of this.#tokenizer.get_vocab(true).values()) largest = Math.max(largest, id);
    this.vocabSize = largest + 1;
    this.eosToken = content(settings.eos_token);
    this.unkToken = content(settings.unk_token);
    const own = settings.chat_template;
    const text = template ??
      (typeof own === "string" ? own : own?.find((t) => t.name === "default")?.template);
    this.#templateText = text ?? "";
    this.datedPrompts = this.#templateText.includes("strftime_now");
    const tokens = SPECIAL_TOKENS.flatMap((name) => {
      const token = content(settings[name]);
      return token === null ? [] : [[name, token]];
    });
    this.#template = chatTemplate(text ?? null, Object.fromEntries(tokens));
  }

  /** Whether the chat template knows a variable. */
  asksFor(variable: string): boolean {
    return this.#templateText.match(/\w+/g)?.includes(variable) ?? false;
  }

  /** From now on a text with a token outside the model's table of so many rows is an error; most have spare tokens. */
  limit(rows: number): void {
    this.#rows = rows;
  }

  /**
   * Token ids of a text, without any that the text does not contain.
   * @throws RangeError for a token outside the model's table.
   */
  encode(text: string): number[] {
    return text === "" ? [] : this.#checked(this.#tokenizer.encode(text, { add_special_tokens: false }).ids);
  }

  /**
   * Token ids of a plain text as transformers' tokenizer(text) gives them: with what tokenizer.json's post-processor adds,
   * such as the beginning-of-sequence token. Beside that file, transformers 5.24 has no effect of add_bos_token either.
   */
  encodePlain(text: string): number[] {
    return this.#checked(this.#tokenizer.encode(text, { add_special_tokens: true }).ids);
  }

  #checked(ids: number[]): number[] {
    const outside = ids.find((id) => id >= this.#rows);
    if (outside !== undefined) {
      throw new RangeError(
        `Cannot encode a text as its tokens must be among the ${this.#rows} of the model's table: current token is ` +
          `${JSON.stringify(this.decode([outside], { special: true }))} with the id ${outside}`,
      );
    }
    return ids;
  }

  /** Text of token ids; special tokens such as end-of-sequence are left out unless asked for. */
  decode(ids: ArrayLike<number>, options: { special?: boolean } = {}): string {
    const wanted = Array.from(ids);
    // The library throws on an empty list.
    if (wanted.length === 0) return "";
    return this.#tokenizer.decode(wanted, {
      skip_special_tokens: options.special !== true,
      clean_up_tokenization_spaces: false,
    });
  }

  /** The id of one token, or undefined when the vocabulary does not have it. */
  id(token: string): number | undefined {
    return this.#tokenizer.token_to_id(token);
  }

  /**
   * A text cut at its token boundaries; joined, the pieces are the text again. Tokens that hold only part of a
   * character stay together. Throws when the tokenizer does not reproduce the text.
   */
  pieces(text: string): string[] {
    const pieces: string[] = [];
    let before: number[] = []; // the last piece: SentencePiece's decoders leave out a space at the beginning
    let pending: number[] = [];
    const pieceOf = (ids: number[]) =>
      this.decode([...before, ...ids], { special: true }).slice(
        this.decode(before, { special: true }).length,
      );
    for (const id of this.encode(text)) {
      pending.push(id);
      const piece = pieceOf(pending);
      // U+FFFD stands for an incomplete character; one that is really in the text stays with the next piece.
      if (piece.endsWith("\uFFFD")) continue;
      pieces.push(piece);
      before = pending;
      pending = [];
    }
    if (pending.length > 0) pieces.push(pieceOf(pending));
    const cut = alignPieces(text, pieces) ?? alignPieces(text, [" ", ...pieces]);
    if (cut === null) {
      throw new Error("Cannot cut the text at token boundaries as the tokenizer does not reproduce it");
    }
    return cut.filter((piece) => piece !== "");
  }

  /**
   * Messages as one text, ready to be continued by the model. Throws when the tokenizer has no chat template.
   * @param variables What the template knows besides, such as enable_thinking.
   */
  chat(messages: readonly ChatMessage[], variables: Record<string, unknown> = {}): string {
    const own = { ...this.chatOptions.variables, ...variables };
    return this.#template(messages, { addGenerationPrompt: true, ...this.chatOptions, variables: own });
  }
}

function content(token: v.InferOutput<typeof TokenSchema>): string | null {
  return typeof token === "string" ? token : token?.content ?? null;
}
