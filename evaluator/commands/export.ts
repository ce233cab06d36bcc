// `export RESULT --format F --out DIR`: the run's logs as another tool reads them.

import { join } from "node:path";
import { makeDirectory } from "#shared/io/files.ts";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { nearest } from "#shared/schemas/parse.ts";
import type { ExportedFile } from "../export/exported_file.ts";
import { toInspect } from "../export/inspect.ts";
import { toLmEval } from "../export/lm_eval.ts";
import { toCsv, toTensorboard } from "../export/scalars.ts";
import { readRun, type ReportedRun } from "../report/run_files.ts";

const FORMATS: Record<string, { write: (run: ReportedRun) => ExportedFile[]; next: string }> = {
  "lm-eval": { write: toLmEval, next: "lm-eval's scripts read the folder" },
  inspect: { write: (run) => toInspect(run, "inspect"), next: "inspect view --log-dir DIR" },
  "inspect-eval": { write: (run) => toInspect(run, "inspect-eval"), next: "inspect view --log-dir DIR" },
  tensorboard: { write: ({ result }) => toTensorboard(result), next: "tensorboard --logdir DIR" },
  csv: {
    write: ({ result }) => toCsv(result),
    next: 'trackio.import_csv("DIR/scalars.csv", project="evaluations")',
  },
};

/** Runs the command. */
export function exportRun(path: string, options: { format: string; out: string }): void {
  const format = Object.hasOwn(FORMATS, options.format) ? FORMATS[options.format] : undefined;
  if (format === undefined) {
    const known = Object.keys(FORMATS);
    throw new RangeError(
      `Cannot export as --format must be one of ${known.join(", ")} (the nearest is ${
        nearest(options.format, known)
      }): current value is ${options.format}`,
    );
  }
  const files = format.write(readRun(path));
  makeDirectory(options.out);
  const encoder = new TextEncoder();
  for (const { name, content } of files) {
    writeFileAtomic(join(options.out, name), (write) => {
      for (const part of content) write(typeof part === "string" ? encoder.encode(part) : part);
    });
  }
  console.error(`Wrote ${files.map(({ name }) => join(options.out, name)).join(", ")}`);
  console.error(`Next: ${format.next.replace("DIR", options.out)}`);
}
