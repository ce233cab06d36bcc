// MATH-style rows: `problem`, `solution` with the answer in \boxed{}, optionally `answer`, `level` ("Level 3" or 3) and
// `unique_id`.

import { splitSentences } from "../steps.ts";
import { boxedAnswer, isOnlyAnswer } from "./answers.ts";
import { levelOf, optionalText, requiredText, RowFault, type RowReader } from "./rows.ts";

/** Ids are `unique_id` where there is one, else `source:line`. */
export const mathReader: RowReader = (row, { source, line }) => {
  const text = requiredText(row, "problem").trim();
  const solution = optionalText(row, "solution");
  const answer = optionalText(row, "answer") ?? boxedAnswer(solution ?? "");
  if (answer === null) throw new RowFault("it has neither an answer nor a solution with \\boxed{}");
  return {
    id: optionalText(row, "unique_id") ?? `${source}:${line}`,
    text,
    answer: answer.trim(),
    trace: solution === null || isOnlyAnswer(solution)
      ? null
      : { text: solution, steps: splitSentences(solution) },
    level: levelOf(row["level"]),
    source,
  };
};
