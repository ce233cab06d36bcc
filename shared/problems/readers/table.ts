// Any table of problems (JSON Lines, a JSON list, CSV, Parquet) whose columns are named by the recipe.

import { splitSteps } from "../steps.ts";
import { isOnlyAnswer, markedAnswer } from "./answers.ts";
import { levelOf, lookUp, missing, optionalText, RowFault, type RowReader } from "./rows.ts";

/** Column names, dots reaching into nested objects; "" for a column that the table does not have. */
export interface Columns {
  id: string;
  text: string;
  /** Without it the answer is taken from the trace ("#### ..." or \boxed{}). */
  answer: string;
  trace: string;
  level: string;
}

/** A reader of rows with these columns. */
export function tableReader(columns: Columns): RowReader {
  const named = new Set(Object.values(columns));
  return (row, { source, line }) => {
    const others = Object.entries(row).filter(([name]) => !named.has(name))
      .map(([name, value]) => [name, jsonValue(value)]);
    const cell = (column: string) => column === "" ? null : optionalText(row, column);
    const text = cell(columns.text) ?? missing(row, columns.text);
    const trace = cell(columns.trace);
    const answer = cell(columns.answer) ?? (trace === null ? null : markedAnswer(trace));
    if (answer === null) {
      if (columns.answer !== "") missing(row, columns.answer);
      throw new RowFault(`it has no answer ("#### ..." or \\boxed{}) in its ${columns.trace}`);
    }
    return {
      id: cell(columns.id) ?? `${source}:${line}`,
      text: text.trim(),
      answer: answer.trim(),
      trace: trace === null || isOnlyAnswer(trace) || trace.trim() === answer.trim()
        ? null
        : { text: trace, steps: splitSteps(trace) },
      level: columns.level === "" ? null : levelOf(lookUp(row, columns.level)),
      ...(others.length > 0 && { columns: Object.fromEntries(others) }),
      source,
    };
  };
}

/** Other columns go into digests, rollouts and rewards as JSON has them: Parquet's 64-bit integers beyond 2^53 as text. */
function jsonValue(value: unknown): unknown {
  if (typeof value === "bigint") {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  if (Array.isArray(value)) return value.map(jsonValue);
  if (value === null || typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, jsonValue(each)]));
}
