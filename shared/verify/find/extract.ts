// Finds the final answer of a completion: which part may be graded, then the places where answers stand, in order.

import { type Box, boxes, groups, joined, type Span } from "./boxes.ts";
import { isDigit } from "../read/numerals.ts";
import type { Extraction, Place } from "../presets.ts";
import { formulas, type Found, isBare, known, lastMarked, numbers, piece, tail } from "./formulas.ts";

/** A piece of text that may be the answer, and the place where it was found. */
export type Candidate = Found & { how: Place };

/** How much of the end of a completion is graded: an answer stands at the end. */
const graded = 100_000;

/** The part of the completion that may be graded, or null when the reasoning never ended. */
export function gradable(text: string, rules: Extraction): Span | null {
  let start = 0;
  if (rules.reasoning !== "graded") {
    for (const end of rules.reasoningEnd) {
      const at = text.lastIndexOf(end);
      if (at >= 0) start = Math.max(start, at + end.length);
    }
    if (start === 0 && rules.reasoning === "required") return null;
    if (start === 0 && rules.reasoningEnd.includes("</think>") && text.trimStart().startsWith("<think>")) {
      return null;
    }
  }
  let end = text.length;
  if (rules.answerTags) {
    const open = text.lastIndexOf("<answer>");
    if (open >= start) {
      start = open + "<answer>".length;
      const close = text.indexOf("</answer>", start);
      if (close >= 0) end = close;
    }
  }
  const next = text.indexOf("<|im_", start);
  if (next >= 0 && next < end) end = next;
  return { start: Math.max(start, end - graded), end };
}

/** Candidates in the order of the preset's places, each at most a few. */
export function* candidates(text: string, span: Span, rules: Extraction): Generator<Candidate> {
  const part = text.slice(span.start, span.end);
  for (const place of rules.from) {
    for (const found of at(place, part, rules)) {
      if (found.text.trim() === "") continue;
      const { start, end } = found.span;
      yield { ...found, how: place, span: { start: start + span.start, end: end + span.start } };
    }
  }
}

function at(place: Place, text: string, rules: Extraction): Found[] {
  if (rules.formulasOnly && (place === "number" || (place === "whole" && /[$]|\\[([]/.test(text)))) return [];
  switch (place) {
    case "boxed":
      return boxed(text, rules);
    case "hope":
      return hope(text, rules);
    case "final-answer":
      return anchored(
        text,
        lastOf(text, ["final answer", "Final answer", "Final Answer", "FINAL ANSWER"]),
        rules,
      );
    case "answer":
      return anchored(text, lastOf(text, answerWords), rules);
    case "anchored-math":
      return anchoredFormula(text, rules);
    case "hash": {
      const mark = text.lastIndexOf("####");
      if (mark < 0) return [];
      const stop = text.indexOf("\n", mark);
      return [piece(text, mark + 4, stop < 0 ? text.length : stop)];
    }
    case "whole":
      return isBare(text) ? [piece(text, 0, text.length)] : [];
    case "entire":
      return [piece(text, 0, text.length)];
    case "statement": {
      const end = text.trimEnd().length;
      return segment(text, Math.max(text.lastIndexOf("\n", end - 1) + 1, end - 600), end, rules).filter((
        found,
      ) => isStated(text, found));
    }
    case "math":
      return lastMarked(text, rules);
    case "number":
      return numbers(text, Math.max(0, text.length - tail), text.length).slice(-1);
  }
}

// ---- boxes

function boxed(text: string, rules: Extraction): Found[] {
  const all = boxes(text);
  if (all.length === 0) return [];
  if (rules.boxes === "last" || rules.boxes === "first") {
    return [withPercent(text, rules.boxes === "last" ? all.slice(-1) : all.slice(0, 1), rules)];
  }
  const parts = groups(text, all);
  const found = withPercent(text, parts.at(-1)!, rules);
  const group = parts.at(-1)!;
  if (group.length > 1) found.parts = group.map((box) => text.slice(box.start, box.end));
  if (rules.boxes === "agreeing") found.others = parts.slice(0, -1).map((group) => joined(text, group).text);
  return [found];
}

/** A percent sign or word right behind the box belongs to the answer. */
function withPercent(text: string, group: readonly Box[], rules: Extraction): Found {
  const { text: inner, span } = joined(text, group);
  const after = text.slice(group.at(-1)!.to, group.at(-1)!.to + 14);
  const percent = rules.trailingPercent && /^ {0,2}\$? {0,2}(\\?%|percent|pct)/.test(after) &&
    !inner.includes("%");
  return { text: percent ? `${inner}\\%` : inner, span, others: [], parts: [] };
}

// ---- anchors

const answerWords = [
  "answer",
  "Answer",
  "ANSWER",
  "r\u00e9ponse",
  "R\u00e9ponse",
  "\u7b54\u6848",
  "Antwort",
  "respuesta",
  "Respuesta",
  "risposta",
  "Risposta",
  "resposta",
  "Resposta",
  "\u043e\u0442\u0432\u0435\u0442",
  "\u041e\u0442\u0432\u0435\u0442",
  "\u7b54\u3048",
  "\uc815\ub2f5",
  "\u0909\u0924\u094d\u0924\u0930",
  "\u0627\u0644\u0625\u062c\u0627\u0628\u0629",
  "odpowied\u017a",
  "cevap",
];

/** The last of the words in the text. */
function lastOf(text: string, words: readonly string[]): Span | null {
  let best: Span | null = null;
  for (const word of words) {
    const start = text.lastIndexOf(word);
    if (start >= 0 && (best === null || start > best.start)) best = { start, end: start + word.length };
  }
  return best;
}

/** "the final answer is X. I hope it is correct" */
function hope(text: string, rules: Extraction): Found[] {
  const end = text.lastIndexOf("I hope");
  if (end < 0) return [];
  const before = text.slice(Math.max(0, end - 2000), end);
  const offset = Math.max(0, end - 2000);
  const anchor = lastOf(before, ["inal answer", "inal Answer"]);
  if (anchor === null) return [];
  let stop = before.length;
  while (stop > anchor.end && " .\n".includes(before[stop - 1]!)) stop--;
  return segment(text, offset + anchor.end, offset + stop, rules);
}

function anchored(text: string, anchor: Span | null, rules: Extraction): Found[] {
  if (anchor === null) return [];
  let start = anchor.end;
  const lead = /^[\s:*\uff1a]{1,8}/.exec(text.slice(start, start + 8));
  if (lead !== null) start += lead[0].length;
  const line = text.indexOf("\n", start);
  const block = /^(?:\s|is|:|\$\$|\\\[){0,4}(?:\$\$|\\\[)/.test(text.slice(start, start + 12));
  const stop = Math.min(line < 0 || block ? text.length : line, start + 600);
  return segment(text, start, stop, rules);
}

/** Candidates in what follows an anchor. */
function segment(text: string, from: number, to: number, rules: Extraction): Found[] {
  let start = from;
  const part = text.slice(from, to);
  for (const verb of [" is ", " are ", " est ", " is: ", " is:", "\u662f", "is\n", ": "]) {
    const last = part.lastIndexOf(verb);
    const place = from + last + verb.length;
    if (last >= 0 && place > start && !insideMath(part, last) && text.slice(place, to).trim() !== "") {
      start = place;
    }
    if (part.startsWith(verb.trimStart())) start = Math.max(start, from + verb.trimStart().length);
  }
  const sentence = /[.\u3002](?:\s+[A-Z\u4e00-\u9fff]|\s*$)/.exec(text.slice(start, to));
  const end = sentence === null ? to : start + sentence.index;
  const found: Found[] = [];
  if (rules.formulasOnly) return formulas(text, from, to, rules).slice(-1);
  const trimmed = trim(text, start, end);
  const marked = formulas(text, start, end, rules).filter((formula) =>
    !/^\\?[A-Za-z]$/.test(formula.text.trim())
  );
  const rest = text.slice(trimmed.start, trimmed.end);
  if (isBare(rest) && /[\d\\A-Z]|^[a-z]$/.test(rest)) found.push(piece(text, trimmed.start, trimmed.end));
  found.push(...marked.slice(0, 1), ...formulas(text, start, end, rules).slice(0, 1));
  found.push(...numbers(text, start, end).slice(0, 1), ...numbers(text, from, to).slice(0, 1));
  return found;
}

/** What stands right behind "is", "are" or "=" and fills the rest of its line. */
function isStated(text: string, found: Found): boolean {
  const words = found.text.replaceAll(/\\[A-Za-z]+/g, " ").replaceAll(known, " ");
  if (/\p{L}{2}|\d[A-Za-z]|\$/u.test(words)) return false;
  const before = text.slice(Math.max(0, found.span.start - 6), found.span.start);
  return /(?:\bis|\bare|\best|[^!<>]=|:)[\s*]*$/.test(before) &&
    /^[\s.*)\]$]*$/.test(text.slice(found.span.end, found.span.end + 12));
}

const insideMath = (part: string, at: number): boolean => part.slice(0, at).split("$").length % 2 === 0;

/** Without white space, emphasis and quotation marks around. */
function trim(text: string, start: number, end: number): Span {
  const marks = " \n\t*\"'`:=.,\u201c\u201d\uff1a";
  while (start < end && marks.includes(text[start]!) && !(text[start] === "." && isDigit(text[start + 1]))) {
    start++;
  }
  while (start < end && marks.includes(text[end - 1]!)) end--;
  return { start, end };
}

/** The last formula within a hundred characters after the word "answer", in a tag or not. */
function anchoredFormula(text: string, rules: Extraction): Found[] {
  let before = text.length;
  for (let tries = 0; tries < 8; tries++) {
    const anchor = lastOf(text.slice(0, before), ["answer", "Answer", "ANSWER"]);
    if (anchor === null) return [];
    const [formula] = formulas(text, anchor.end, Math.min(text.length, anchor.end + 100), rules);
    if (formula !== undefined) return [formula];
    before = anchor.start;
  }
  return [];
}
