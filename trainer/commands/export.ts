// export: a run's metrics for other tools, as TensorBoard events or CSV.

import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { makeDirectory, removeEmpty } from "#shared/io/files.ts";
import type { Metrics } from "#shared/schemas/metrics.ts";
import { exportGguf, GGUF_TYPES } from "../gguf/export_gguf.ts";
import { theRun } from "../dashboard/runs.ts";
import { modelDirectory } from "#shared/io/model_directory.ts";
import { RunDirectory } from "../run/directory.ts";
import { tensorboardEvents } from "#shared/io/tensorboard.ts";
import { shownPath } from "./shown_path.ts";

export const FORMATS = ["tensorboard", "csv", "gguf"] as const;

export function exportCommand(
  path: string,
  options: { format: string; out?: string; type?: string; json?: boolean },
): void {
  const format = FORMATS.find((name) => name === options.format);
  if (format === undefined) {
    throw new TypeError(`Cannot export as ${options.format}: the format must be ${FORMATS.join(", ")}`);
  }
  if (format === "gguf") return exportModel(path, options);
  const run = theRun(path);
  const records = new RunDirectory(run).readMetrics();
  const out = options.out ?? join(run, "export");
  const file = format === "csv"
    ? fileIn(out, ".csv", "metrics.csv")
    : join(out, `events.out.tfevents.${Math.floor(startOf(run, records))}.ghpo`);
  makeDirectory(dirname(file));
  writeFileAtomic(file, format === "csv" ? csv(records) : events(run, records));
  const done = { file: shownPath(file), format, records: records.length };
  console.log(
    options.json
      ? JSON.stringify(done)
      : format === "csv"
      ? `${done.file}: ${done.records} records`
      : `${done.file}: ${done.records} records\nNext: tensorboard --logdir ${shownPath(dirname(file))}`,
  );
}

/** The model of a directory or of a run's newest checkpoint, for llama.cpp. */
function exportModel(path: string, options: { out?: string; type?: string; json?: boolean }): void {
  const type = GGUF_TYPES.find((name) => name === (options.type ?? "f16"));
  if (type === undefined) {
    throw new TypeError(`Cannot export as ${options.type}: the type must be ${GGUF_TYPES.join(", ")}`);
  }
  const directory = modelDirectory(path);
  const out = options.out ?? join(path, "export");
  const file = fileIn(out, ".gguf", `${basename(resolve(path))}-${type}.gguf`);
  const made = makeDirectory(dirname(file));
  try {
    exportGguf(directory, file, type);
  } catch (error) {
    if (made !== undefined) removeEmpty(resolve(dirname(file)), resolve(made));
    throw error;
  }
  const { size: bytes } = statSync(file);
  const shown = shownPath(file);
  console.log(
    options.json
      ? JSON.stringify({ file: shown, format: "gguf", type, bytes })
      : `${shown}: ${Math.round(bytes / 1e6)} MB\nNext: llama-cli -m ${shown}`,
  );
}

/** What --out means: the file itself where it ends like one and is no directory, else the directory that it goes into. */
function fileIn(out: string, end: string, name: string): string {
  const isFile = out.endsWith(end) && !(existsSync(out) && statSync(out).isDirectory());
  return isFile ? out : join(out, name);
}

/** When the run began, in seconds since 1970: its metrics only count from there. */
function startOf(run: string, records: readonly Metrics[]): number {
  return statSync(join(run, "metrics.jsonl")).mtimeMs / 1000 - (records.at(-1)?.time ?? 0);
}

function events(run: string, records: readonly Metrics[]): Uint8Array {
  const start = startOf(run, records);
  return tensorboardEvents(
    start,
    records.map(({ step, time, ...rest }) => ({ wall_time: start + time, step, values: numbers(rest) })),
  );
}

function numbers(record: Record<string, number | null>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(record).filter((entry): entry is [string, number] => entry[1] !== null),
  );
}

/** One line a record, one column a key, empty where there is no value (RFC 4180). */
export function csv(records: readonly Metrics[]): string {
  const keys = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const cell = (text: string) => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const lines = records.map((record) => keys.map((key) => String(record[key] ?? "")).join(","));
  return [keys.map(cell).join(","), ...lines].map((line) => `${line}\r\n`).join("");
}
