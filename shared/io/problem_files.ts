// A file of problems in any of the formats that a recipe can name.

import { basename } from "node:path";
import { readGsm8k } from "#shared/problems/readers/gsm8k.ts";
import { readMath } from "#shared/problems/readers/math.ts";
import { jsonRows, type ReadResult } from "#shared/problems/readers/rows.ts";
import { type Columns, readTable } from "#shared/problems/readers/table.ts";
import { readText } from "./files.ts";
import { readParquet } from "./parquet.ts";

type DataFormat = "gsm8k" | "math" | "jsonl" | "parquet";

/** Reads a data file. Rows that do not fit are in `errors`; `requireAll` makes them fatal. */
export async function readProblems(path: string, format: DataFormat, columns: Columns): Promise<ReadResult> {
  const source = basename(path).replace(/\.[^.]+$/, "");
  if (format === "parquet") return readTable(await readParquet(path), columns, source);
  const text = readText(path);
  if (format === "gsm8k") return readGsm8k(text, source);
  if (format === "math") return readMath(text, source);
  return readTable(jsonRows(text), columns, source);
}
