// runs: the runs below some folders with where they stand.

import { formatDuration } from "#shared/text/format.ts";
import { existsSync } from "node:fs";
import { findRuns, type RunSummary, shortNames, summarise } from "../dashboard/runs.ts";
import { shownPath } from "./shown_path.ts";

export function runsCommand(folders: readonly string[], options: { json?: boolean }): void {
  const none = folders.length === 0 && !existsSync("runs"); // nothing was ever run here
  const paths = none ? [] : findRuns(folders.length === 0 ? ["runs"] : folders);
  const names = shortNames(paths);
  const runs = paths.map((path, i) => summarise(path, names[i]!));
  console.log(options.json ? JSON.stringify(runs) : runsTable(runs));
}

export function runsTable(runs: readonly RunSummary[]): string {
  if (runs.length === 0) return "No runs yet. Next: npm run demo";
  const rows = runs.map((run) => [
    shownPath(run.path),
    run.algorithm,
    run.status,
    `${run.step}/${run.max_steps}`,
    formatDuration(run.time),
    run.accuracy === null ? "-" : `${(100 * run.accuracy).toFixed(1)} %`,
    run.updated.slice(0, 16).replace("T", " "),
  ]);
  return alignColumns([["run", "algorithm", "status", "step", "time", "accuracy", "updated (UTC)"], ...rows]);
}

/** Rows of cells as lines, each column as wide as its widest cell. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd())
    .join("\n");
}
