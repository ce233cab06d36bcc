// Finds the final answer of a completion: which part may be graded, then the places where answers stand, in order.

import { type Box, boxes, groups, joined, type Span } from "./boxes.ts";
import { claims } from "./claims.ts";
import type { AnswerPlace, Extraction } from "../presets.ts";
import { formulas, type Found, isBare, known, lastMarked, numbers, piece, tail } from "./formulas.ts";

/** A piece of text that may be the answer, and the place where it was found. */
export type Candidate = Found & { how: AnswerPlace };

/** How much of the end of a completion is graded: an answer stands at the end. */
const graded = 100_000;

/** The part of the completion that may be graded, or null when the reasoning never ended. */
export function gradable(text: string, rules: Extraction): Span | null {
  let start = 0;
  if (rules.reasoning !== "graded") {
    for (const end of rules.reasoningEnd) {
      if (end.length > 9 && !text.includes(end.slice(2))) continue; // rare; searching backwards is slow
      const at = text.lastIndexOf(end);
      if (at >= 0) start = Math.max(start, at + end.length);
      if (end.startsWith("</") && text.includes(`<${end.slice(2)}`, Math.max(at, 0))) return null;
    }
    if (start === 0 && rules.reasoning === "required") return null;
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
      if (found.text.trim() === "" && found.empty !== true) continue;
      const { start, end } = found.span;
      yield { ...found, how: place, span: { start: start + span.start, end: end + span.start } };
    }
  }
}

function at(place: AnswerPlace, text: string, rules: Extraction): Found[] {
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
    case "whole": {
      if (isBare(text)) return [piece(text, 0, text.length)];
      const bold = /(?:^|\n)[ \t]{0,8}\*\*([^*\n]{1,200})\*\*[ \t.]{0,8}$/.exec(text.slice(-300).trimEnd());
      if (bold === null || !isBare(bold[1]!)) return [];
      const start = text.lastIndexOf(bold[1]!);
      return [piece(text, start, start + bold[1]!.length)];
    }
    case "entire":
      return [piece(text, 0, text.length)];
    case "statement": {
      const closing = /\s*I hope (?:it|this) (?:is correct|helps)[.!]?\s*$/.exec(text.slice(-60));
      const end = text.trimEnd().length - (closing?.[0].trimEnd().length ?? 0);
      const line = Math.max(text.lastIndexOf("\n", end - 1) + 1, end - 600);
      return claims(text, line, end, rules, true).filter((found) =>
        isStated(text, found) || isShortWords(found)
      );
    }
    case "math":
      return lastMarked(text, rules).filter((found) => !isDoubtful(text, found));
    case "number":
      return numbers(text, Math.max(0, text.length - tail), text.length).slice(-1)
        .filter((found) => !isDoubtful(text, found));
  }
}

// ---- boxes

function boxed(text: string, rules: Extraction): Found[] {
  const all = boxes(text);
  if (all.length === 0) return [];
  if (rules.boxes === "last" || rules.boxes === "first") {
    return [withPercent(text, rules.boxes === "last" ? all.slice(-1) : all.slice(0, 1), rules)];
  }
  const last = all.at(-1)!;
  if (text.slice(last.start, last.end).trim() === "") {
    const later = lastOf(text.slice(last.to), answerWords) !== null;
    return later ? [] : [{ ...piece(text, last.start, last.end), empty: true }];
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
  return claims(text, offset + anchor.end, offset + stop, rules, false);
}

function anchored(text: string, anchor: Span | null, rules: Extraction): Found[] {
  if (anchor === null) return [];
  let start = anchor.end;
  const lead = /^[\s:*\uff1a]{1,8}/.exec(text.slice(start, start + 8));
  if (lead !== null) start += lead[0].length;
  const line = text.indexOf("\n", start);
  const block = /^(?:\s|is|:|\$\$|\\\[){0,4}(?:\$\$|\\\[)/.test(text.slice(start, start + 12));
  const stop = Math.min(line < 0 || block ? text.length : line, start + 600);
  if (block) {
    const [formula] = formulas(text, start, stop, rules);
    if (formula !== undefined) return [formula];
  }
  return claims(text, start, stop, rules, false);
}

/** What stands right behind "is", "are" or "=" and fills the rest of its line. */
function isStated(text: string, found: Found): boolean {
  const words = found.text.replaceAll(/\\[A-Za-z]+/g, " ").replaceAll(known, " ");
  if (/\p{L}{2}|\d[A-Za-z]|\$/u.test(words)) return false;
  const before = text.slice(Math.max(0, found.span.start - 6), found.span.start);
  return /(?:\bis|\bare|\best|[^!<>]=|:)[\s*]*$/.test(before) &&
    /^[\s.*)\]$]*$/.test(text.slice(found.span.end, found.span.end + 12));
}

/** One to three words that a sentence may end with: "So the direction is east." */
const isShortWords = (found: Found): boolean =>
  found.claim === true && /^[A-Za-z]{2,20}(?:[ -][A-Za-z]{1,20}){0,2}$/.test(found.text);

/** Whether the words around a formula or number, up to the next ones, say that it is not the answer. */
function isDoubtful(text: string, found: Found): boolean {
  const before = text.slice(Math.max(0, found.span.start - 300), found.span.start);
  const after = text.slice(found.span.end, found.span.end + 300);
  const lead = before.slice(
    Math.max(...["\n", ". ", "$", "\\)"].map((mark) => before.lastIndexOf(mark) + 1)),
  );
  const near = lead.slice((/\d[^\d]*$/.exec(lead)?.index ?? -1) + 1);
  const rest = /^[^\n]*?(?=\.\s|\n|\d|$)/.exec(after)?.[0] ?? "";
  return doubts.test(`${near} # ${rest}`) || /^[\s*$]*\?/.test(after) ||
    /\bfrom\s+\S{1,20}\s+(?:up )?to\s*$/.test(before);
}

const doubts =
  /\b(?:not|cannot|unable|undetermined|unclear|unknown|unsure|either|at least|at most|(?:less|more|greater|fewer) than|between|maybe|perhaps|possibly|anything|far from|nowhere near|other than|divisible by|(?:multiple|power|half|square|root)s? of|twice|double|triple)\b|n't\b/i;

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
