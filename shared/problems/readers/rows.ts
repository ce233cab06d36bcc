// From the rows of files to problems. A row that does not fit is reported with its line and left out; the caller
// decides whether that stops it.

import type { Problem } from "#shared/schemas/problem.ts";
import { Numeral } from "./exact_json.ts";

export interface Row {
  /** Line of a text file or row of a table, from 1. */
  line: number;
  value: unknown;
}

/** Where a row comes from: `file` for messages, `source` for ids. */
export interface Origin {
  file: string;
  source: string;
  line: number;
}

export interface RowError {
  file: string;
  line: number;
  /** What is wrong, to follow "as": "it has no answer". */
  reason: string;
}

export interface ReadResult {
  problems: Problem[];
  errors: RowError[];
}

/** Makes a problem of a row. Throws RowFault for one that does not fit. */
export type RowReader = (row: Record<string, unknown>, origin: Origin) => Problem;

/** What is wrong with a row. */
export class RowFault extends Error {}

/** Collects the problems of one or more files, whose ids must all be different. */
export class ProblemCollector {
  readonly result: ReadResult = { problems: [], errors: [] };
  readonly #seen = new Map<string, Origin>();

  constructor(readonly reader: RowReader) {}

  add({ line, value }: Row, file: string, source: string): void {
    const origin = { file, source, line };
    try {
      const problem = this.reader(asObject(value), origin);
      const before = this.#seen.get(problem.id);
      if (before !== undefined) {
        const where = before.file === file ? "" : ` of ${before.file}`;
        throw new RowFault(`its id "${problem.id}" is also that of line ${before.line}${where}`);
      }
      this.#seen.set(problem.id, origin);
      this.result.problems.push(problem);
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      this.result.errors.push({ file, line, reason: error.message });
    }
  }
}

/** The problems of rows at hand. */
export function readRows(rows: Iterable<Row>, reader: RowReader, source: string): ReadResult {
  const collector = new ProblemCollector(reader);
  for (const row of rows) collector.add(row, source, source);
  return collector.result;
}

function asObject(value: unknown): Record<string, unknown> {
  if (value instanceof RowFault) throw value;
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Numeral) {
    throw new RowFault("it is not an object");
  }
  return { ...value };
}

/** A text that must be there; without it the fault names the columns that are. */
export function requiredText(row: Record<string, unknown>, key: string): string {
  return optionalText(row, key) ?? missing(row, key);
}

/** Throws the fault of a row without a column. */
export function missing(row: Record<string, unknown>, key: string): never {
  const there = Object.keys(row);
  const shown = there.length > 12 ? [...there.slice(0, 12), "..."] : there;
  const columns = lookUp(row, key) === undefined && there.length > 0
    ? `: its columns are ${shown.join(", ")}`
    : "";
  throw new RowFault(`it has no ${key}${columns}`);
}

/** A string or number as text, numbers as the file writes them; null when missing or empty. */
export function optionalText(row: Record<string, unknown>, key: string): string | null {
  const value = lookUp(row, key);
  if (value === undefined || value === null) return null;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (value instanceof Numeral) return value.text;
  if (typeof value !== "string") throw new RowFault(`its ${key} must be a text or a number`);
  if (/\p{Surrogate}/u.test(value)) {
    throw new RowFault(`its ${key} holds half of a character (a lone surrogate)`);
  }
  return value.trim() === "" ? null : value;
}

/** The value of a column; a name with dots reaches into nested objects and lists: `reward_model.ground_truth`. */
export function lookUp(row: Record<string, unknown>, column: string): unknown {
  if (Object.hasOwn(row, column)) return row[column];
  let value: unknown = row;
  for (const key of column.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

/** A level as a number: 4, "4" or "Level 4"; null for anything else. */
export function levelOf(value: unknown): number | null {
  const digits = /^(?:level\s*)?(\d{1,9})$/i.exec(String(value ?? "").trim())?.[1];
  return digits === undefined ? null : Number(digits);
}

/** The problems; throws one sentence for the first row that did not fit. */
export function requireAll({ problems, errors }: ReadResult, name: string): Problem[] {
  const first = errors[0];
  if (first !== undefined) {
    const rows = errors.length === 2 ? "1 more row does" : `${errors.length - 1} more rows do`;
    const more = errors.length === 1 ? "" : ` (and ${rows} not fit)`;
    throw new SyntaxError(`Cannot read ${first.file}:${first.line} as ${first.reason}${more}`);
  }
  if (problems.length === 0) throw new SyntaxError(`Cannot read ${name} as it has no rows`);
  return problems;
}
