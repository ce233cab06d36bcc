// What the readers of one text share: the place in it, and the tokens so far.

import type { Commas } from "./numerals.ts";
import type { Rational } from "../tree/rational.ts";

export type Token = {
  type:
    | "number"
    | "symbol"
    | "constant"
    | "function"
    | "operator"
    | "relation"
    | "open"
    | "close"
    | "separator"
    | "text"
    | "command"
    | "begin"
    | "end"
    | "cell"
    | "row"
    | "realm"
    | "ellipsis"
    | "currency";
  value: string;
  /** Preceded by white space. */
  spaced: boolean;
  start: number;
  number?: { value: Rational; places: number | null };
};

/** Which of the possible readings of an ambiguous text is meant. */
export type LexerOptions = {
  commas: Commas;
  /** `3e8` is 3 x 10^8. */
  exponents: boolean;
  /** Bare words such as `cm` or `apples` may follow a number. */
  words: boolean;
};

const sentence =
  /(?:^|[\s(])(?:is|are|of|the|for|all|no|not|any|some|between|than|least|most|from|with|where|such|that|when)(?=[\s,.)]|$)/i;

export class Lexer {
  readonly tokens: Token[] = [];
  ambiguous = false;
  i = 0;
  depth = 0;
  spaced = false;

  /** Words such as "is" or "of" stand between the mathematics, so that other runs of letters are words too. */
  readonly prose: boolean;

  constructor(readonly source: string, readonly reading: LexerOptions) {
    this.prose = reading.words && /(?:^|[\s(])[A-Za-z]{2}/.test(source) &&
      sentence.test(source.replaceAll(/\\[A-Za-z]{2,20}\s?\{[^{}]{0,200}\}/g, ""));
  }

  push(type: Token["type"], value: string, length: number): void {
    this.tokens.push({ type, value, spaced: this.spaced, start: this.i });
    this.spaced = false;
    this.i += length;
  }

  /** Whether the next token starts an operand, not continues one. */
  operandNext(): boolean {
    const last = this.tokens.at(-1);
    return last === undefined ||
      ["operator", "relation", "open", "separator", "function"].includes(last.type);
  }

  /** The text between the braces that open at `i` (white space skipped), or the one character there. */
  group(i: number): { text: string; end: number } | null {
    const { source } = this;
    while (source[i] === " ") i++;
    if (source[i] !== "{") return source[i] === undefined ? null : { text: source[i]!, end: i + 1 };
    let depth = 0;
    for (let end = i; end < source.length; end++) {
      if (source[end] === "\\") end++;
      else if (source[end] === "{") depth++;
      else if (source[end] === "}" && --depth === 0) return { text: source.slice(i + 1, end), end: end + 1 };
    }
    return null;
  }
}
