// Files of problems: what a file holds it says itself (a JSON list, Parquet, gzip), its name tells CSV, and the recipe
// says what its columns mean.

import { basename } from "node:path";
import { globSync } from "node:fs";
import { gsm8kReader } from "#shared/problems/readers/gsm8k.ts";
import { mathReader } from "#shared/problems/readers/math.ts";
import {
  ProblemCollector,
  type ReadResult,
  type Row,
  type RowReader,
} from "#shared/problems/readers/rows.ts";
import { type Columns, tableReader } from "#shared/problems/readers/table.ts";
import type { DataFormat } from "#shared/schemas/problem.ts";
import { csvRows } from "./csv.ts";
import { jsonFileRows } from "./json_file.ts";
import { parquetRows } from "./parquet.ts";
import { firstBytes } from "./text_lines.ts";

/**
 * Reads one or more data files; a name may hold *, ?, ** and [...]. Rows that do not fit are in `errors`; `requireAll`
 * makes them fatal.
 */
export async function readProblems(
  paths: string | readonly string[],
  format: DataFormat,
  columns: Columns,
): Promise<ReadResult> {
  const files = dataFiles(paths);
  const collector = new ProblemCollector(readerOf(format, columns));
  const names = files.map(sourceOf);
  for (const [i, file] of files.entries()) {
    const isUnique = names.filter((name) => name === names[i]).length === 1;
    const source = isUnique ? names[i]! : file.replace(EXTENSION, "");
    for await (const row of dataRows(file, format)) collector.add(row, file, source);
  }
  return collector.result;
}

/** The files that names and patterns stand for, patterns in alphabetical order, each file once. */
export function dataFiles(paths: string | readonly string[]): string[] {
  const files = (typeof paths === "string" ? [paths] : paths).flatMap((path) => {
    if (!/[*?[\]{}]/.test(path) || isFile(path)) return [path];
    const found = globSync(path).sort();
    if (found.length === 0) throw new Error(`Cannot read ${path} as no file has such a name`);
    return found;
  });
  return [...new Set(files)];
}

function isFile(path: string): boolean {
  try {
    firstBytes(path, 0);
    return true;
  } catch {
    return false;
  }
}

const EXTENSION = /(?:\.[^./\\]+)?(?:\.gz)?$/i;

/** The name of a file's problems: train for data/train.jsonl.gz. */
function sourceOf(path: string): string {
  return basename(path).replace(EXTENSION, "") || basename(path);
}

function readerOf(format: DataFormat, columns: Columns): RowReader {
  if (format === "gsm8k") return gsm8kReader;
  return format === "math" ? mathReader : tableReader(columns);
}

/** The rows of a file in whatever it is: JSON Lines, a JSON list, CSV or Parquet. */
export async function* dataRows(path: string, format?: DataFormat): AsyncGenerator<Row> {
  const name = containerOf(path);
  if (name === "parquet" || format === "parquet" && name === null) return yield* parquetRows(path);
  if (name !== null) throw new SyntaxError(`Cannot read ${path} as it is ${name}`);
  if (/\.[ct]sv(?:\.gz)?$/i.test(path) || format === "csv") return yield* csvRows(path);
  yield* jsonFileRows(path);
}

/** Beginnings of files that are no text. */
const MAGIC: readonly [bytes: string, name: string][] = [
  ["PAR1", "parquet"],
  ["ARROW1", "an Arrow file: save it as Parquet"],
  ["PK\x03\x04", "a zip archive: unpack it first"],
  ["BZh", "compressed by bzip2: unpack it, or compress it by gzip"],
  ["\xfd7zXZ", "compressed by xz: unpack it, or compress it by gzip"],
  ["\x28\xb5\x2f\xfd", "compressed by Zstandard: unpack it, or compress it by gzip"],
  ["version https://git-lfs", "a Git LFS pointer and not the file itself: run git lfs pull"],
];

function containerOf(path: string): string | null {
  const begin = String.fromCharCode(...firstBytes(path, 32));
  return MAGIC.find(([bytes]) => begin.startsWith(bytes))?.[1] ?? null;
}
