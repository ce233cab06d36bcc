// Format rewards: does a completion have the shape that was asked for?
// Each rule reproduces its reference exactly, with index searches instead of backtracking patterns.

import { Fuel, LimitError, limits, ParseError } from "../tree/fuel.ts";
import { parse, type ParserOptions } from "../read/parse.ts";

/** The shapes that can be rewarded. */
export type FormatKind = "think_answer" | "think" | "tag_count" | "hash";

/**
 * Scores the shape of a completion: 1 or 0, and for `tag_count` a multiple of 0.25.
 *
 * - `think_answer`: the paper's pattern `^<think>\n.*?\n</think>\n<answer>\n.*?\n</answer>$` with Python's
 *   DOTALL and MULTILINE, so that anything may follow a line break after `</answer>`
 * - `think`: TRL's `^<think>(?!.*<think>)(.*?)</think>.*$`
 * - `tag_count`: a quarter for each of open-r1's four tags that occurs exactly once
 * - `hash`: text, one `####`, then one expression and nothing else (GSM8K)
 */
export function formatReward(kind: FormatKind, completion: string): number {
  switch (kind) {
    case "think_answer":
      return thinkAnswer(completion) ? 1 : 0;
    case "think":
      return think(completion) ? 1 : 0;
    case "tag_count":
      return tagCount(completion);
    case "hash":
      return hash(completion) ? 1 : 0;
  }
}

function thinkAnswer(text: string): boolean {
  const open = "<think>\n";
  const middle = "\n</think>\n<answer>\n";
  const close = "\n</answer>";
  if (!text.startsWith(open)) return false;
  // The earliest end of the thought leaves the most room, so no other one needs to be tried.
  const cut = text.indexOf(middle, open.length);
  if (cut < 0) return false;
  let end = text.indexOf(close, cut + middle.length);
  while (end >= 0) {
    const after = end + close.length;
    if (after === text.length || text[after] === "\n") return true;
    end = text.indexOf(close, after);
  }
  return false;
}

function think(text: string): boolean {
  const open = "<think>";
  return text.startsWith(open) && !text.includes(open, open.length) && text.includes("</think>", open.length);
}

function tagCount(text: string): number {
  const tags = ["<think>\n", "\n</think>\n", "\n<answer>\n", "\n</answer>"];
  return tags.filter((tag) => {
    const first = text.indexOf(tag);
    return first >= 0 && text.indexOf(tag, first + tag.length) < 0;
  }).length * 0.25;
}

function hash(text: string): boolean {
  const mark = text.indexOf("####");
  if (mark < 0 || text.slice(0, mark).trim() === "") return false;
  const answer = text.slice(mark + 4);
  return !answer.includes("#") && isExpression(answer);
}

/** A number, a fraction or another expression of digits, letters and operators on one line. */
function isExpression(text: string): boolean {
  if (text.length > limits.answer || text.trim().includes("\n")) return false;
  const letters = text.replaceAll(/\\[A-Za-z]{1,20}|\b(?:sqrt|sin|cos|tan|ln|log|exp|pi)\b/g, " ");
  if (/[A-Za-z]{2}/.test(letters)) return false;
  const reading: ParserOptions = {
    commas: "thousands",
    exponents: true,
    words: false,
    remarks: false,
    missingBraces: true,
    looseSlash: true,
    letterUnits: false,
  };
  try {
    const { node } = parse(text, reading, new Fuel());
    return node.kind !== "text" && node.kind !== "relation";
  } catch (error) {
    if (error instanceof ParseError || error instanceof LimitError || error instanceof RangeError) {
      return false;
    }
    throw error;
  }
}
