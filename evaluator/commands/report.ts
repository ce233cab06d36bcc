// `report RESULT [OTHER]`: the result, or the comparison of two, as a self-contained page.

import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { comparisonPage, reportPage } from "../report/report.ts";
import { readRun } from "../report/run_files.ts";

/** Runs the command. */
export function report(path: string, other: string | undefined, options: { out?: string }): void {
  const run = readRun(path);
  const page = other === undefined ? reportPage(run) : comparisonPage(run, readRun(other));
  const out = options.out ?? path.replace(/(\.json)?$/, ".html");
  writeFileAtomic(out, page);
  console.error(`Wrote ${out}`);
}
