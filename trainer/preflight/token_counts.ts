// Token counts of thousands of prompts in a second or two. A text is counted by its words, numbers and marks, each
// different one once, and the sum is scaled by the ratio found on a few texts that were counted exactly. It is good to
// a few percent; what comes near a limit is counted exactly.

import type { Tokenizer } from "#shared/text/tokenizer.ts";

/** Words with the space before them, digits by threes, and what stands between. */
const PARTS = /\s?\p{L}+|\p{N}{1,3}|[^\p{L}\p{N}]+?(?=\s?[\p{L}\p{N}]|$)/gu;

const known = new WeakMap<Tokenizer, TokenCounts>();

export class TokenCounts {
  readonly #words = new Map<string, number>();
  #scale = 1;

  /** The counts of a tokenizer, which remember the words of all texts so far. */
  static of(tokenizer: Tokenizer): TokenCounts {
    let counts = known.get(tokenizer);
    if (counts === undefined) known.set(tokenizer, counts = new TokenCounts(tokenizer));
    return counts;
  }

  private constructor(readonly tokenizer: Tokenizer) {}

  /** Takes the scale of `about` from texts. */
  calibrate(texts: readonly string[]): void {
    const sum = (count: (text: string) => number) => texts.reduce((total, text) => total + count(text), 0);
    const parts = sum((text) => this.#parts(text));
    if (parts > 0) this.#scale = sum((text) => this.exact(text)) / parts;
  }

  /** About the number of tokens of a text. */
  about(text: string): number {
    return Math.ceil(this.#scale * this.#parts(text));
  }

  #parts(text: string): number {
    let tokens = 0;
    for (const [part] of text.matchAll(PARTS)) {
      let count = this.#words.get(part);
      if (count === undefined) this.#words.set(part, count = this.tokenizer.encode(part).length);
      tokens += count;
    }
    return tokens;
  }

  /** Exactly the number of tokens of a text. */
  exact(text: string): number {
    return this.tokenizer.encode(text).length;
  }
}

/** Smallest, middle, 95th percentile and largest of some numbers; null of none. */
export interface Spread {
  min: number;
  median: number;
  p95: number;
  max: number;
}

export function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { min: sorted[0]!, median: at(0.5), p95: at(0.95), max: sorted.at(-1)! };
}
