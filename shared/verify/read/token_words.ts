// Runs of letters without a backslash: names of functions and constants, units, words, or a product of letters.

import type { Lexer } from "./lexer.ts";
import * as tables from "./tables.ts";
import { unitOf } from "./units.ts";

/** Reads the letters at the place of the lexer. */
export function readWord(lexer: Lexer): void {
  let end = lexer.i;
  while (/[A-Za-z]/.test(lexer.source[end] ?? "")) end++;
  const word = lexer.source.slice(lexer.i, end);
  if ((word === "np" || word === "math") && lexer.source[end] === ".") return void (lexer.i = end + 1);
  if (/^(st|nd|rd|th)$/.test(word) && !lexer.spaced && lexer.tokens.at(-1)?.type === "number") {
    return void (lexer.i = end);
  }
  if (word.length > 1 && readKnown(lexer, word)) return;
  if (lexer.prose && proseWords.has(word.toLowerCase()) && standsAlone(lexer, end)) {
    return word === "a" || word === "A" ? void (lexer.i = end) : lexer.push("text", word, word.length);
  }
  if ((word === "x" || word === "X") && lexer.tokens.at(-1)?.type === "number" && timesPower(lexer)) {
    return lexer.push("operator", "*", 1);
  }
  const joint = /^(or|and)(?=[A-Z]$|[a-z]$)/.exec(word);
  if (joint !== null && !lexer.operandNext()) return lexer.push("separator", joint[1]!, joint[1]!.length);
  for (const name of ["sin", "cos", "tan", "log", "ln", "exp", "pi", "sqrt"]) {
    if (lexer.prose && standsAlone(lexer, end)) break;
    if (word.startsWith(name) && word.length === name.length + 1 && readKnown(lexer, name)) return;
  }
  if (word.length > 1 && lexer.reading.words && isWord(lexer, word, end) && !areFactors(lexer, word)) {
    return lexer.push("text", word, word.length);
  }
  for (const letter of word) {
    if (letter === "e" || letter === "i") lexer.push("constant", letter, 1);
    else lexer.push("symbol", letter, 1);
  }
}

/** Two letters after a letter are factors rather than a unit: `2 \pi h r`. */
function unitNext(lexer: Lexer, word: string): boolean {
  const last = lexer.tokens.at(-1)?.type;
  return !lexer.operandNext() &&
    !(word.length === 2 && (last === "symbol" || (last === "constant" && word === "hr")));
}

/** A short unit where only factors can stand. */
function areFactors(lexer: Lexer, word: string): boolean {
  return unitOf(word) !== undefined && !lexer.operandNext() && !unitNext(lexer, word);
}

/** Reads a word that means one thing; false: it does not. */
function readKnown(lexer: Lexer, word: string): boolean {
  const { length } = word;
  const lower = word.toLowerCase();
  if (lower === "or" || lower === "and") lexer.push("separator", lower, length);
  else if (lower === "percent" || lower === "pct" || lower === "percentage") {
    lexer.push("operator", "%", length);
  } else if (lower === "degrees" || lower === "degree" || lower === "deg") {
    lexer.push("operator", "degree", length);
  } else if (lower === "pi") lexer.push("constant", "pi", length);
  else if (lower === "infinity" || lower === "infty" || lower === "inf" || word === "oo") {
    lexer.push("constant", "inf", length);
  } else if (word === "sqrt" || word === "cbrt") lexer.push("command", word, length);
  else if (lexer.reading.words && unitNext(lexer, word) && unitOf(word) !== undefined) {
    lexer.push("text", word, length);
  } else if (tables.functions.has(word) && !tables.commandOnly.has(word)) {
    lexer.push("function", tables.functions.get(word)!, length);
  } else if (word.length > 2 && tables.greekWords.has(word)) lexer.push("symbol", word, length);
  else return false;
  return true;
}

/** Short words that only occur in sentences. */
const proseWords = new Set(
  "a is are of the for all no not any than to from with if when by at on as be an in that".split(" "),
);

const answers = new Set(
  ("yes no true false even odd none north south east west red blue green black white left right both neither " +
    "never always zero one two three four five six seven eight nine ten eleven twelve increasing decreasing " +
    "undefined ellipse circle parabola hyperbola line point impossible infinite").split(" "),
);

/** `6.02 x 10^{23}`: the letter is a multiplication sign. */
const timesPower = (lexer: Lexer): boolean =>
  /^[xX]\s?10\s?\^/.test(lexer.source.slice(lexer.i, lexer.i + 6));

/** Whether a run of letters is a word: a product would be written with powers, not with a letter twice. */
function isWord(lexer: Lexer, run: string, end: number): boolean {
  if (answers.has(run.toLowerCase()) || unitOf(run) !== undefined) return true;
  if (/^[A-Z][a-z]{2,40}$/.test(run)) return true;
  if (run.length >= 4 && (new Set(run).size < run.length || run.length > 6)) return true;
  const phrase = /^\s[A-Za-z]{3}/.test(lexer.source.slice(end, end + 4)); // two runs of letters with a space between
  return run.length > 2 && standsAlone(lexer, end) &&
    (lexer.prose || phrase || (lexer.spaced && lexer.tokens.at(-1)?.type === "text") ||
      (run.length > 3 && /[aeiouy]/.test(run)) ||
      lexer.tokens.at(-1)?.type === "number");
}

/** Between white space, brackets and marks. */
const standsAlone = (lexer: Lexer, end: number): boolean =>
  /[\s(,;:\-]/.test(lexer.source[lexer.i - 1] ?? " ") && /[\s),;:.!?\-]/.test(lexer.source[end] ?? " ");
