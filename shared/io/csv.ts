// The rows of a CSV file (csv-parse) as objects by its header line, all cells texts.

import { CsvError, parse } from "csv-parse";
import { type Row, RowFault } from "#shared/problems/readers/rows.ts";
import { textLines } from "./text_lines.ts";

/** Rows with the number of their first line. Separators are commas, semicolons or tabs, as in the header. */
export async function* csvRows(path: string): AsyncGenerator<Row> {
  const lines = textLines(path);
  const first = await lines.next();
  const header = first.done === true ? "" : first.value.text;
  if (header.trim() === "") throw new SyntaxError(`Cannot read ${path} as its first line names no columns`);
  // A quote within a cell that does not begin with one is a quote, as to Python's csv.
  const parser = parse({
    delimiter: separatorOf(header),
    info: true,
    relax_column_count: true,
    relax_quotes: true,
  });
  const feed = async () => {
    try {
      parser.write(`${header}\n`);
      for await (const { text } of lines) {
        if (!parser.write(`${text}\n`)) await new Promise((resolve) => parser.once("drain", resolve));
      }
      parser.end();
    } catch (error) {
      parser.destroy(error as Error);
    }
  };
  const fed = feed();
  let columns: string[] | null = null;
  let line = 1;
  try {
    for await (
      const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>
    ) {
      if (columns === null) columns = columnsOf(record, path);
      else if (record.length > 1 || record[0]!.trim() !== "") yield { line, value: rowOf(columns, record) };
      line = info.lines + 1;
    }
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new SyntaxError(`Cannot read ${path} as it is not CSV from line ${line} on: ${cause.message}`, {
      cause,
    });
  } finally {
    parser.destroy();
  }
  await fed;
}

function separatorOf(header: string): string {
  const plain = header.replace(/"[^"]*"/g, "");
  const count = (separator: string) => plain.split(separator).length;
  return [";", "\t"].reduce((best, each) => count(each) > count(best) ? each : best, ",");
}

function columnsOf(record: readonly string[], path: string): string[] {
  const columns = record.map((name) => name.trim());
  const twice = columns.find((name, i) => columns.indexOf(name) !== i);
  if (twice !== undefined) throw new SyntaxError(`Cannot read ${path} as it has two columns "${twice}"`);
  return columns;
}

function rowOf(columns: readonly string[], record: readonly string[]): unknown {
  if (record.length !== columns.length) {
    return new RowFault(`it has ${record.length} cells and the header ${columns.length}`);
  }
  return Object.fromEntries(columns.map((name, i) => [name, record[i]]));
}
