// One pass from characters to tokens. LaTeX, plain text and Unicode signs end as the same tokens.

import type { Fuel } from "../tree/fuel.ts";
import { LimitError, limits, ParseError } from "../tree/fuel.ts";
import { Lexer, type LexerOptions, type Token } from "./lexer.ts";
import { isDigit, scanNumeral } from "./numerals.ts";
import * as tables from "./tables.ts";
import { zero } from "../tree/rational.ts";
import { readCommand } from "./token_commands.ts";
import { readWord } from "./token_words.ts";

/** The tokens of one answer, and whether a comma in it could be read in another way. */
export function tokenize(
  source: string,
  reading: LexerOptions,
  fuel: Fuel,
): { tokens: Token[]; ambiguous: boolean } {
  if (source.length > limits.answer) throw new LimitError("answer");
  fuel.spend(source.length >> 3);
  const lexer = new Lexer(normalize(source), reading);
  run(lexer);
  return { tokens: lexer.tokens, ambiguous: lexer.ambiguous };
}

function normalize(source: string): string {
  let text = source;
  if (/[\u0080-\uffff]/.test(source)) {
    text = "";
    for (const c of source) text += c >= "\u007f" ? tables.characters.get(c) ?? c : c;
  }
  if (!/matrix|array|cases|align|split|gather/.test(text)) {
    text = text.replace(/\\\\(?=[A-Za-z{}$%!,;])/g, "\\");
  } else if (text.includes("\\{") || text.includes("cases")) text = systems(text);
  if (text.includes("^")) text = text.replaceAll(ordinal, "");
  if (text.includes("mod")) text = text.replaceAll(modulo, "\\pmod{$1}");
  return text;
}

/** The ending of `3^{rd}` and `5^{\text{th}}`. */
const ordinal =
  /(?<=\d)\^\s?(?:\{\s?\\(?:text|mathrm|textrm)\s?\{\s?(?:st|nd|rd|th)\s?\}\s?\}|\{\s?(?:st|nd|rd|th)\s?\}|\\(?:text|mathrm|textrm)\s?\{(?:st|nd|rd|th)\})/g;

/** `(mod 7)` however its "mod" is set. */
const modulo =
  /\(\s{0,3}(?:\\(?:text|mathrm|operatorname|textrm)\s?\{\s{0,3}mod\s{0,3}\}|\\?b?mod)[\s~]{0,3}([^()]{1,40})\)/g;

/** `\left\{\begin{array}{l} ... \end{array}\right.` as cases, whose alignment marks beside a relation sign say nothing. */
function systems(text: string): string {
  return text
    .replaceAll(
      /(?:\\left\s{0,3})?\\\{\s{0,3}\\begin\{(array|aligned|cases|matrix|split|gathered)\}(\{[^{}]{0,20}\})?/g,
      "\\begin{cases}",
    )
    .replaceAll(
      /\\end\{(?:array|aligned|cases|matrix|split|gathered)\}\s{0,3}\\right\s{0,3}\./g,
      "\\end{cases}",
    )
    .replaceAll(/&\s{0,3}(?=[=<>]|\\(?:leq?|geq?|neq?)\b)|(?<=[=<>]\s{0,3})&/g, "");
}

function run(lexer: Lexer): void {
  while (lexer.i < lexer.source.length) {
    const c = lexer.source[lexer.i]!;
    if (c === " " || c === "\n" || c === "\t" || c === "\r" || c === "~") {
      lexer.i++;
      lexer.spaced = true;
    } else if (isDigit(c) || (c === "." && isDigit(lexer.source[lexer.i + 1]))) numeral(lexer);
    else if (c === "\\") readCommand(lexer);
    else if (c >= "A" && c <= "F" && lexer.source.includes("_") && letteredNumeral(lexer)) continue;
    else if ((c >= "a" && c <= "z") || (c >= "A" && c <= "Z")) readWord(lexer);
    else sign(lexer, c);
    if (lexer.tokens.length > limits.nodes) throw new LimitError("nodes");
  }
}

/** Digits and letters with a base above ten as their subscript. */
const lettered = /[0-9A-F]*(?:[A-F]\d|\d[A-Fa-f]|[A-F]{2})[0-9A-Fa-f]*(?=_\{?\(?1[1-6]\)?\}?)/y;

/** Reads `1A_{16}` at the place of the lexer. */
function letteredNumeral(lexer: Lexer): boolean {
  lettered.lastIndex = lexer.i;
  const found = lettered.exec(lexer.source);
  if (found === null) return false;
  lexer.push("number", found[0], found[0].length);
  lexer.tokens.at(-1)!.number = { value: zero, places: null };
  return true;
}

function numeral(lexer: Lexer): void {
  if (lexer.source.includes("_") && letteredNumeral(lexer)) return;
  const { commas, exponents } = lexer.reading;
  const number = scanNumeral(lexer.source, lexer.i, commas, lexer.depth > 0, exponents);
  lexer.ambiguous ||= number.ambiguous;
  lexer.push("number", lexer.source.slice(lexer.i, number.end), number.end - lexer.i);
  lexer.tokens.at(-1)!.number = { value: number.value, places: number.places };
}

const twoSigns = [
  ["<=", "<="],
  [">=", ">="],
  ["!=", "!="],
  ["=<", "<="],
  ["=>", "=>"],
  ["->", "->"],
  ["==", "="],
] as const;

function sign(lexer: Lexer, c: string): void {
  const rest = lexer.source.slice(lexer.i, lexer.i + 3);
  if (rest.startsWith("...")) return lexer.push("ellipsis", "...", 3);
  for (const [text, op] of twoSigns) {
    if (rest.startsWith(text)) return lexer.push("relation", op, 2);
  }
  if (rest.startsWith("**")) return lexer.push("operator", "^", 2);
  if (c === "\u2220" || c === "$" || c === '"' || c === "`" || c === "\u201c" || c === "\u201d") {
    return void lexer.i++;
  }
  if (tables.relations.has(c)) return lexer.push("relation", tables.relations.get(c)!, 1);
  if ("([{".includes(c)) {
    if (rest === "{,}") return lexer.push("separator", ",", 3);
    lexer.depth += c === "{" ? 0 : 1;
    return lexer.push("open", c, 1);
  }
  if (")]}".includes(c)) {
    lexer.depth -= c === "}" ? 0 : 1;
    return lexer.push("close", c, 1);
  }
  if (c === "," || c === ";") return lexer.push("separator", c, 1);
  if (c === "&") return lexer.push("cell", c, 1);
  if ("+-*/^_!|:'%".includes(c)) return lexer.push("operator", c, 1);
  if (tables.currencies.has(c)) return lexer.push("currency", tables.currencies.get(c)!, 1);
  if (c === ".") return void lexer.i++;
  if (c > "\u007f" && /\p{L}/u.test(c)) return foreign(lexer);
  throw new ParseError(`unexpected character ${JSON.stringify(c)}`);
}

/** A run of letters of another script is words. */
function foreign(lexer: Lexer): void {
  let end = lexer.i;
  while (end < lexer.source.length && lexer.source[end]! > "\u007f") end++;
  lexer.push("text", lexer.source.slice(lexer.i, end), end - lexer.i);
}
