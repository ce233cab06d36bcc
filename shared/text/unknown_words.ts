// What a tokenizer cannot read: characters outside its vocabulary, in whose place it puts one token for all of them.

import type { Tokenizer } from "./tokenizer.ts";

const known = new WeakMap<Tokenizer, UnknownWords>();

export class UnknownWords {
  /** Whether each character is in the vocabulary. */
  readonly #characters = new Map<string, boolean>();
  readonly #unknownId: number | undefined;

  /** Those of a tokenizer, which remember the characters of all texts so far. */
  static of(tokenizer: Tokenizer): UnknownWords {
    let words = known.get(tokenizer);
    if (words === undefined) known.set(tokenizer, words = new UnknownWords(tokenizer));
    return words;
  }

  private constructor(readonly tokenizer: Tokenizer) {
    this.#unknownId = tokenizer.unkToken === null ? undefined : tokenizer.id(tokenizer.unkToken);
  }

  /** Whether there is a token for what the vocabulary does not have. */
  get exist(): boolean {
    return this.#unknownId !== undefined;
  }

  /** The first word of a text that holds a character outside the vocabulary; null without one. */
  firstOf(text: string): string | null {
    const id = this.#unknownId;
    if (id === undefined) return null;
    const isUnknown = (character: string) => {
      let isKnown = this.#characters.get(character);
      if (isKnown === undefined) {
        this.#characters.set(character, isKnown = !this.tokenizer.encode(character).includes(id));
      }
      return !isKnown;
    };
    // A character that is unknown alone may be part of a token.
    const unknown = [...text].find(isUnknown);
    if (unknown === undefined || !this.tokenizer.encode(text).includes(id)) return null;
    const around = ["", " ", "\n"];
    const isUnreadable = (word: string) =>
      around.every((before) =>
        around.every((behind) => this.tokenizer.encode(before + word + behind).includes(id))
      );
    return text.match(/\S+/g)!.find(isUnreadable) ?? unknown;
  }
}

/** @throws RangeError for a text that the model would read another one for */
export function requireKnown(tokenizer: Tokenizer, text: string): void {
  const word = UnknownWords.of(tokenizer).firstOf(text);
  if (word === null) return;
  throw new RangeError(
    `Cannot continue the prompt as the tokenizer does not know ${
      JSON.stringify(word)
    } in it and would read ` +
      `${tokenizer.unkToken} instead`,
  );
}
