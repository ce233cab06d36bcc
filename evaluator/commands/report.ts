// `report RESULT [OTHER] --out FILE`: the result, or the comparison of two, as a self-contained page.

import { dirname, resolve } from "node:path";
import { writeFileAtomic } from "#shared/io/atomic.ts";
import { readText } from "#shared/io/files.ts";
import { parse } from "#shared/schemas/parse.ts";
import { EvaluationRowSchema } from "#shared/schemas/evaluation.ts";
import { comparisonPage, type ReportedRun, reportPage } from "../report/report.ts";
import { readResult } from "./compare.ts";

/** Runs the command. */
export function report(path: string, other: string | undefined, options: { out?: string }): void {
  const run = readRun(path);
  const page = other === undefined ? reportPage(run) : comparisonPage(run, readRun(other));
  const out = options.out ?? path.replace(/(\.json)?$/, ".html");
  writeFileAtomic(out, page);
  console.error(`Wrote ${out}`);
}

/** A result with the rows that it names, found next to it even if the folder was moved. */
export function readRun(path: string): ReportedRun {
  const result = readResult(path);
  if (typeof result.rows !== "string") return { result, rows: result.rows };
  const rowsPath = resolve(dirname(path), result.rows.split("/").at(-1) as string);
  const lines = readText(rowsPath).split("\n").filter((line) => line !== "");
  const rows = lines.map((line, i) =>
    parse(EvaluationRowSchema, JSON.parse(line), `row ${i + 1} of ${rowsPath}`)
  );
  return { result, rows };
}
