// Any table of problems (JSON Lines, Parquet) whose columns are named by the recipe. A name with dots reaches into
// nested objects: `reward_model.ground_truth`.

import { splitSteps } from "../steps.ts";
import { boxedAnswer, hashAnswer } from "./answers.ts";
import { levelOf, optionalText, type ReadResult, readRows, type Row, RowFault } from "./rows.ts";

/** Column names; "" for a column that the table does not have. */
export interface Columns {
  id: string;
  text: string;
  /** Without it the answer is taken from the trace ("#### ..." or \boxed{}). */
  answer: string;
  trace: string;
  level: string;
}

/** Converts the rows of a table. */
export function readTable(rows: Iterable<Row>, columns: Columns, source: string): ReadResult {
  return readRows(rows, (row, line) => {
    const cell = (column: string) =>
      column === "" ? null : optionalText({ [column]: lookUp(row, column) }, column);
    const text = cell(columns.text);
    if (text === null) throw new RowFault(`it has no ${columns.text}`);
    const trace = cell(columns.trace);
    const answer = cell(columns.answer) ??
      (trace === null ? null : hashAnswer(trace)?.answer ?? boxedAnswer(trace));
    if (answer === null) {
      throw new RowFault(`it has no ${columns.answer || `answer in its ${columns.trace}`}`);
    }
    return {
      id: cell(columns.id) ?? `${source}:${line}`,
      text: text.trim(),
      answer: answer.trim(),
      trace: trace === null ? null : { text: trace, steps: splitSteps(trace) },
      level: columns.level === "" ? null : levelOf(lookUp(row, columns.level)),
      source,
    };
  });
}

function lookUp(row: Record<string, unknown>, column: string): unknown {
  if (Object.hasOwn(row, column)) return row[column];
  let value: unknown = row;
  for (const key of column.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}
