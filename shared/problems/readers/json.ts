// JSON Lines, or a JSON list of objects, as rows.

import { parseExact } from "./exact_json.ts";
import { type Row, RowFault } from "./rows.ts";

/** The rows of a text, lines or list. The value of a row that is not JSON is a RowFault. */
export function* jsonRows(text: string): Generator<Row> {
  if (isList(text)) return yield* listRows(text);
  for (const [i, content] of text.replace(/^\uFEFF/, "").split("\n").entries()) {
    if (content.trim() !== "") yield jsonRow(content, i + 1);
  }
}

/** One row of JSON Lines. */
export function jsonRow(content: string, line: number): Row {
  try {
    return { line, value: parseExact(content) };
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return { line, value: new RowFault("it is not valid JSON") };
  }
}

/** Whether a text, or its beginning, is a list rather than lines. */
export function isList(text: string): boolean {
  return /^\uFEFF?\s*\[/.test(text);
}

/** The elements of a list, numbered from 1. Throws SyntaxError, to follow "as", for a list that does not end. */
export function* listRows(text: string): Generator<Row> {
  const marks = /"[^"\\]*(?:\\[^][^"\\]*)*"|[[\]{},]/g; // strings as a whole, and what opens, closes or separates
  let start = marks.lastIndex = text.indexOf("[") + 1;
  let number = 0;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    const [character] = mark;
    if (character === "[" || character === "{") depth++;
    else if (depth > 0 && (character === "]" || character === "}")) depth--;
    else if (depth === 0 && (character === "," || character === "]")) {
      const element = text.slice(start, mark.index);
      start = marks.lastIndex;
      const isEmptyList = character === "]" && number === 0 && element.trim() === "";
      if (!isEmptyList) yield jsonRow(element, ++number);
      if (character === ",") continue;
      if (text.slice(start).trim() === "") return;
      throw new SyntaxError(
        "its list ends before the file does: a row must be an object, one a line or all in one list",
      );
    }
  }
  throw new SyntaxError("its list is not closed");
}
