// A result with its rows, which are read from their file as they are needed: a large run has more than fit into memory.

import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { readJson } from "#shared/io/files.ts";
import { readLines } from "#shared/io/seekable_lines.ts";
import {
  type EvaluationResult,
  EvaluationResultSchema,
  type EvaluationRow,
  EvaluationRowSchema,
} from "#shared/schemas/evaluation.ts";
import { parse } from "#shared/schemas/parse.ts";

/** A result with its rows. Going through the rows again reads them again. */
export interface ReportedRun {
  result: EvaluationResult;
  rows: Iterable<EvaluationRow>;
}

/** Reads a result file and checks it. */
export function readResult(path: string): EvaluationResult {
  return parse(EvaluationResultSchema, readJson(path), path);
}

/** A result with the rows that it names, found next to it even if the folder was moved. */
export function readRun(path: string): ReportedRun {
  const result = readResult(path);
  if (typeof result.rows !== "string") return { result, rows: result.rows };
  const rows = resolve(dirname(path), result.rows.split("/").at(-1) as string);
  if (!existsSync(rows)) {
    throw new Error(`Cannot read ${rows} as it does not exist: the rows of ${path} belong next to it`);
  }
  return { result, rows: { [Symbol.iterator]: () => readRows(rows) } };
}

function* readRows(path: string): Generator<EvaluationRow> {
  for (const { line, text } of readLines(path)) {
    if (text === "") continue;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new SyntaxError(`Cannot read ${path}:${line} as it is not JSON`);
    }
    yield parse(EvaluationRowSchema, value, `row ${line} of ${path}`);
  }
}

/** Consecutive rows of one problem together. */
export function* byProblem(rows: Iterable<EvaluationRow>): Generator<EvaluationRow[]> {
  let group: EvaluationRow[] = [];
  for (const row of rows) {
    const [first] = group;
    if (first && (first.problem_id !== row.problem_id || first.benchmark !== row.benchmark)) {
      yield group;
      group = [];
    }
    group.push(row);
  }
  if (group.length > 0) yield group;
}
