// Multi-stage guidance (GHPO section "adaptive prompt refinement"): which part of a solution trace is shown at a
// stage. A trace is split into units (steps, sentences, tokens or characters) and a stage shows the first part of
// them. The leak guard and the token budget only ever drop further units from the end of the hint; the question is
// not touched here.

import { splitSentences } from "#shared/problems/steps.ts";
import type { GuidanceLevel } from "#shared/schemas/guidance.ts";
import type { Problem } from "#shared/schemas/problem.ts";

/** What a hint is cut from: the unit boundaries are the only places where a hint may end. */
export type Cut = GuidanceLevel["cut"];

export interface HintOptions {
  cut: Cut;
  /** Keeps the final answer out of the hint. */
  leakGuard: boolean;
  /** Cuts a text at its token boundaries; needed by the cut "token" only. */
  tokenPieces?: (text: string) => string[];
  /** Whether a prompt with this hint still fits into the prompt budget. Must stay true for shorter hints. */
  fits?: (hint: string) => boolean;
}

/**
 * The hint of one stage of one problem.
 *
 * `leak` is true when the cut alone would have shown the final answer, whether or not the guard removed it. The hint
 * is "" when there is no trace, when the trace is too short for the ratio, or when nothing fits the budget.
 */
export function hintAt(problem: Problem, stage: number, ratio: number, options: HintOptions): GuidanceLevel {
  const { cut } = options;
  if (stage === 0 || problem.trace === null) return { stage, ratio, cut, hint: "", leak: false };
  const units = splitTrace(problem.trace, cut, options.tokenPieces);
  let count = cutCount(units.length, ratio, cut);
  const shown = units.slice(0, count).join("");
  const leakAt = leakOffset(shown, problem.answer, problem.text);
  if (leakAt >= 0 && options.leakGuard) count = unitsWithin(units, leakAt);
  if (options.fits !== undefined) count = largestFit(units, count, options.fits);
  return { stage, ratio, cut, hint: units.slice(0, count).join(""), leak: leakAt >= 0 };
}

/**
 * The number of units shown. Characters follow the released code, Python's `round(len * ratio)`; whole units are
 * rounded down, so that a ratio below 1 never shows the last one, which usually states the answer.
 */
export function cutCount(length: number, ratio: number, cut: Cut): number {
  return cut === "character" ? roundHalfEven(length * ratio) : Math.floor(length * ratio + 1e-9);
}

/** Python's round(): a value exactly between two integers goes to the even one. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The units of a trace; joined they give its text again. Characters are code points, as in Python. */
export function splitTrace(
  trace: { text: string; steps: readonly string[] },
  cut: Cut,
  tokenPieces?: (text: string) => string[],
): string[] {
  if (cut === "step") return [...trace.steps];
  if (cut === "character") return Array.from(trace.text);
  if (cut === "sentence") return splitSentences(trace.text);
  if (tokenPieces === undefined) {
    throw new TypeError("Cannot cut a hint at a token as the tokenizer is missing");
  }
  return tokenPieces(trace.text);
}

/**
 * Where the final answer starts in a hint, or -1: at an answer marker (`####`, `\boxed`, `<answer>`), or at the answer
 * itself as a whole number or word, unless the question already shows that value.
 */
export function leakOffset(hint: string, answer: string, question: string): number {
  const offsets = [/####|\\boxed|<answer>/.exec(hint)?.index ?? -1];
  const value = answer.trim();
  if (value !== "") {
    const whole = new RegExp(`(?<![\\w.])${escapeRegExp(value)}(?![\\w]|\\.\\d)`, "u");
    if (!whole.test(question)) offsets.push(whole.exec(hint)?.index ?? -1);
  }
  const found = offsets.filter((offset) => offset >= 0);
  return found.length === 0 ? -1 : Math.min(...found);
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

/** How many whole units fit in the first `length` UTF-16 units of the text. */
function unitsWithin(units: readonly string[], length: number): number {
  let end = 0;
  let count = 0;
  for (const unit of units) {
    end += unit.length;
    if (end > length) break;
    count++;
  }
  return count;
}

/** The largest count <= limit whose hint fits (binary search; 0 when none does). */
function largestFit(units: readonly string[], limit: number, fits: (hint: string) => boolean): number {
  if (fits(units.slice(0, limit).join(""))) return limit;
  let low = 0;
  let high = limit;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(units.slice(0, middle).join(""))) low = middle;
    else high = middle;
  }
  return low;
}
