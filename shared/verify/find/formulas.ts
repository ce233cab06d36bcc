// Formulas and numbers in prose, and whether a text is an answer by itself.

import type { Span } from "./boxes.ts";
import { isDigit } from "../read/numerals.ts";
import type { Extraction } from "../presets.ts";

/** How far back from the end unmarked answers are searched. */
export const tail = 5_000;

/** A piece of text that may be an answer, and further boxes that must agree with it.
 * `parts`: the boxes that it was joined from, when there are several. */
export type Found = {
  text: string;
  span: Span;
  others: string[];
  parts: string[];
  /** All that a sentence claims, words included. */
  claim?: boolean;
  /** The last box is empty: the answer was taken back. */
  empty?: boolean;
};
export const piece = (text: string, start: number, end: number): Found => ({
  text: text.slice(start, end),
  span: { start, end },
  others: [],
  parts: [],
});

const delimiters = [["$$", "$$"], ["\\[", "\\]"], ["\\(", "\\)"], ["$", "$"]] as const;

/** The delimited formulas between two places; neighbours joined by commas, "and" or "or" become one. */
export function formulas(text: string, from: number, to: number, rules: Extraction): Found[] {
  const found: Found[] = [];
  const absent = new Set<string>();
  let i = from;
  while (i < to) {
    const c = text[i];
    if (c !== "$" && c !== "\\") {
      i++;
      continue;
    }
    const pair = delimiters.find(([open]) => text.startsWith(open, i));
    if (
      pair === undefined ||
      (pair[0] === "$" &&
        (text[i - 1] === "\\" ||
          /^\$\d[\d,.]{0,12}(?:\s[a-z]|$)/.test(text.slice(i, i + 16)) && !closesSoon(text, i, to)))
    ) {
      i += text[i] === "\\" ? (text[i + 1] === "(" || text[i + 1] === "[" ? 1 : 2) : 1;
      continue;
    }
    const [open, close] = pair;
    const start = i + open.length;
    let end = absent.has(close) ? -1 : text.indexOf(close, start);
    if (end < 0) absent.add(close);
    while (close === "$" && end > 0 && text[end - 1] === "\\") end = text.indexOf(close, end + 1);
    const inline = close === "$" || close === "\\)";
    if (
      end < 0 || end > to || end === start ||
      (inline && !rules.inlineNewlines && text.slice(start, end).includes("\n"))
    ) {
      i = start;
      continue;
    }
    const last = found.at(-1);
    const gap = last === undefined
      ? ""
      : text.slice(last.span.end, start).replaceAll(/\$|\\[()[\]]/g, " ").trim();
    if (last !== undefined && /^(and|or|,|, and|, or|;)$/.test(gap)) {
      last.text += `, ${text.slice(start, end)}`;
      last.span.end = end;
    } else found.push(piece(text, start, end));
    i = end + close.length;
    const percent = /^ {0,2}(\\?%|percent(?:age)?|pct)/.exec(text.slice(i, i + 12));
    if (rules.trailingPercent && percent !== null && !found.at(-1)!.text.includes("%")) {
      found.at(-1)!.text += "\\%";
    }
  }
  return found;
}

/** `$5$` is a formula, `$5 for her` an amount of money. */
function closesSoon(text: string, at: number, to: number): boolean {
  const end = text.indexOf("$", at + 1);
  return end > 0 && end < to && !/[a-z]{3}/.test(text.slice(at, end).replaceAll(/\\[a-z]+/g, ""));
}

/** The last formula or number of the text, whichever ends later; the other one after it. */
export function lastMarked(text: string, rules: Extraction): Found[] {
  const from = Math.max(0, text.length - tail);
  const formula = formulas(text, from, text.length, rules).slice(-2).reverse();
  const number = rules.formulasOnly ? [] : numbers(text, from, text.length).slice(-1);
  return [...formula, ...number].sort((a, b) => b.span.end - a.span.end);
}

/** Numbers in prose with their sign, separators, fraction and percent sign; not digits inside words. */
export function numbers(text: string, from: number, to: number): Found[] {
  const found: Found[] = [];
  let i = from;
  while (i < to) {
    const c = text[i]!;
    const fraction = c === "\\"
      ? /^\\[dtc]?frac\s?\{[^{}\n]{1,40}\}\{[^{}\n]{1,40}\}/.exec(text.slice(i, i + 100))
      : null;
    if (fraction !== null) {
      const signed = i > from && text[i - 1] === "-" ? i - 1 : i;
      found.push(piece(text, signed, i + fraction[0].length));
      i += fraction[0].length;
      continue;
    }
    const start = isDigit(c) || (c === "." && isDigit(text[i + 1]));
    if (!start || /[A-Za-z_\\]/.test(text[i - 1] ?? "")) {
      i++;
      while (start && i < to && /[\w.]/.test(text[i]!)) i++;
      continue;
    }
    let end = i + 1;
    while (
      end < to &&
      (isDigit(text[end]) || (/[.,/]/.test(text[end]!) && isDigit(text[end + 1])) || spaced(text, end, i))
    ) end++;
    if (text.startsWith("e", end) && /^e[+-]?\d{1,4}\b/.test(text.slice(end, end + 7))) {
      end += /^e[+-]?\d{1,4}/.exec(text.slice(end, end + 7))![0].length;
    }
    const sign =
      i > from && /[-\u2212]/.test(text[i - 1]!) && !/[\w)\]}] ?$/.test(text.slice(Math.max(0, i - 3), i - 1))
        ? i - 1
        : i;
    const percent = /^ {0,2}(\\?%|percent(?:age)?|pct)/.exec(text.slice(end, end + 12));
    const number = piece(text, sign, end);
    if (percent !== null) number.text += "\\%";
    found.push(number);
    i = end;
  }
  return found;
}

/** `1 000`: a space before exactly three digits, after one to three. */
function spaced(text: string, at: number, start: number): boolean {
  if (
    text[at] !== " " || !isDigit(text[at + 1]) || !isDigit(text[at + 2]) || !isDigit(text[at + 3]) ||
    isDigit(text[at + 4])
  ) {
    return false;
  }
  const before = text.lastIndexOf(" ", at - 1);
  return before < start ? at - start <= 3 : at - before === 4;
}

/** Whether a text is an answer by itself: mathematics or a few words, not a sentence around an answer. */
export function isBare(text: string): boolean {
  if (text.length > 1000 || /\b(?:it|that|this|there|he|she|here)'s\b/i.test(text)) return false;
  const outside = text.replaceAll(
    /\\(?:text|textbf|mathrm|mbox|operatorname|textnormal|textrm|textit|begin|end)\s?\{[^{}]{0,100}\}/g,
    " ",
  )
    .replaceAll(/\\[A-Za-z]+/g, " ");
  const words = outside.match(/\p{L}{2,40}/gu) ?? [];
  const prose = words.filter((word) => word.length > 2 && !mathWords.has(word.toLowerCase()));
  const script = /[\u0400-\u2fff\u3040-\uabff\uac00-\ud7ff]/.test(outside.replaceAll(/[\u2000-\u2bff]/g, ""));
  const digits = /[\d\\=<>+*/^()[\]{}]/.test(text);
  if (!digits) return words.length <= 6 && !/[.:] \S|\s(?:is|are)\s/.test(text.trim());
  if (script) return false;
  // Words in front of the mathematics make a sentence, unless they name what follows: "Area = 5".
  const first = outside.search(/[\d$=<>(]/);
  const lead = (first < 0 ? outside : outside.slice(0, first)).replaceAll(known, " ");
  if (/\p{L}{3,40}/u.test(lead) && !(outside[first] === "=" && /^\s*\p{L}+\s*$/u.test(lead))) return false;
  return prose.length <= 2 && !/[.!?] +\p{L}|: +\p{L}{2}/u.test(outside.trim()) &&
    !(prose.length > 0 && text.includes("$"));
}

const mathWordList =
  "sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log exp sqrt cbrt max min gcd lcm abs floor ceil and percent pct percentage pi inf infinity alpha beta gamma delta theta lambda sigma omega phi mod";
const mathWords = new Set(mathWordList.split(" "));
export const known = new RegExp(`\\b(?:${mathWordList.replaceAll(" ", "|")})(?![a-z])`, "gi");
