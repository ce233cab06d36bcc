// `export RESULT --format F --out DIR`: the run's logs as another harness writes them.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "#shared/io/atomic.ts";
import { toInspect, toLmEval } from "../export/lm_eval.ts";
import { readRun } from "./report.ts";

/** Runs the command. */
export async function exportRun(path: string, options: { format: string; out: string }): Promise<void> {
  const run = readRun(path);
  const files = options.format === "lm-eval"
    ? await toLmEval(run)
    : options.format === "inspect"
    ? Object.fromEntries(run.result.benchmarks.map((b) => [`${b.name}.json`, toInspect(run, b)]))
    : null;
  if (files === null) {
    throw new RangeError(
      `Cannot export as --format must be lm-eval or inspect: current value is ${options.format}`,
    );
  }
  mkdirSync(options.out, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileAtomic(join(options.out, name), text);
  console.error(`Wrote ${Object.keys(files).length} files into ${options.out}`);
}
