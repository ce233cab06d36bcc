// MATH-style JSON Lines: `problem`, `solution` with the answer in \boxed{}, optionally `answer`, `level` ("Level 3"
// or 3) and `unique_id`.

import { splitSentences } from "../steps.ts";
import { boxedAnswer } from "./answers.ts";
import {
  jsonRows,
  levelOf,
  optionalText,
  type ReadResult,
  readRows,
  requiredText,
  RowFault,
} from "./rows.ts";

/** Reads the file's text; ids are `unique_id` where there is one, else `source:line`. */
export function readMath(text: string, source = "math"): ReadResult {
  return readRows(jsonRows(text), (row, line) => {
    const solution = optionalText(row, "solution");
    const answer = optionalText(row, "answer") ?? boxedAnswer(solution ?? "");
    if (answer === null) throw new RowFault("it has neither an answer nor a solution with \\boxed{}");
    return {
      id: optionalText(row, "unique_id") ?? `${source}:${line}`,
      text: requiredText(row, "problem").trim(),
      answer,
      trace: solution === null || isOnlyAnswer(solution)
        ? null
        : { text: solution, steps: splitSentences(solution) },
      level: levelOf(row.level),
      source,
    };
  });
}

/** A solution such as `$\boxed{70}$` shows no way to the answer: every hint from it would be the answer itself. */
function isOnlyAnswer(solution: string): boolean {
  return /^[\s$.]*\\boxed\s*\{/.test(solution) && !/[a-zA-Z]{2,}/.test(solution.replace(/\\[a-zA-Z]+/g, ""));
}
