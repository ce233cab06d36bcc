// The rows of a JSON file: one a line, or a list. A file that is one object has its rows somewhere inside, or a list for
// each column: it is refused with a word on what it holds.

import { isList, jsonRow, jsonRows, listRows } from "#shared/problems/readers/json.ts";
import { type Row, RowFault } from "#shared/problems/readers/rows.ts";
import { textLines } from "./text_lines.ts";

/** @throws SyntaxError for a file that is neither */
export async function* jsonFileRows(path: string): AsyncGenerator<Row> {
  let whole: string[] | undefined; // all lines, where a line by itself is no row
  let only: Row | undefined; // the first row, until another follows
  let count = 0;
  for await (const { line, text } of textLines(path)) {
    if (whole !== undefined) whole.push(text);
    if (whole !== undefined || text.trim() === "") continue;
    const row = count === 0 && isList(text) ? null : jsonRow(text, line);
    const begins = row === null || row.value instanceof RowFault && /^\s*\{/.test(text);
    if (count++ === 0 && begins) whole = [...Array<string>(line - 1).fill(""), text];
    else if (count === 1) only = row!;
    else {
      if (only !== undefined) yield only;
      only = undefined;
      yield row!;
    }
  }
  if (only !== undefined) {
    const fault = wrapperFault(only.value);
    if (fault !== null) throw new SyntaxError(`Cannot read ${path} as ${fault}`);
    yield only;
  }
  if (whole === undefined) return;
  const text = whole.join("\n");
  if (!isList(text)) {
    const { value } = jsonRow(text, 1);
    if (value instanceof RowFault) return yield* jsonRows(text); // lines after all, the first of them broken
    throw new SyntaxError(`Cannot read ${path} as ${wrapperFault(value) ?? ONE_OBJECT}`);
  }
  try {
    yield* listRows(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new SyntaxError(`Cannot read ${path} as ${cause.message}`, { cause });
  }
}

const ONE_OBJECT = "it is one JSON object and must be a list of rows, or have one row a line";

/** Why a file's only value is no row, to follow "as"; null for what may be one. */
function wrapperFault(value: unknown): string | null {
  const members = Object.entries(Object(value) as Record<string, unknown>);
  const isRow = (each: unknown) => typeof each === "object" && each !== null && !("role" in each);
  const rows = members.find(([, each]) => Array.isArray(each) && each.length > 0 && each.every(isRow));
  if (rows !== undefined) {
    return `${ONE_OBJECT}: its member ${
      JSON.stringify(rows[0])
    } is such a list, save it as a file of its own`;
  }
  const lengths = new Set(members.map(([, each]) => Array.isArray(each) ? each.length : -1));
  const [length = -1] = lengths;
  const names = members.map(([name]) => name).slice(0, 8).join(", ");
  return members.length > 1 && lengths.size === 1 && length > 1
    ? `${ONE_OBJECT}: it holds a list for each column (${names})`
    : null;
}
