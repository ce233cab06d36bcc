// From the rows of a file to problems. A row that does not fit is reported with its line and skipped; the caller
// decides whether that stops it.

import type { Problem } from "#shared/schemas/problem.ts";

export interface Row {
  /** Line of a text file or row of a table, from 1. */
  line: number;
  value: unknown;
}

export interface RowError {
  line: number;
  /** What is wrong, to follow "as": "it has no answer". */
  reason: string;
}

export interface ReadResult {
  problems: Problem[];
  errors: RowError[];
}

/** What is wrong with a row; `readRows` turns it into a RowError. */
export class RowFault extends Error {}

/** The lines of a JSON Lines text; the value of a line that is not JSON is a RowFault. */
export function* jsonRows(text: string): Generator<Row> {
  for (const [i, content] of text.split("\n").entries()) {
    if (content.trim() === "") continue;
    let value: unknown;
    try {
      value = JSON.parse(content);
    } catch {
      value = new RowFault("it is not valid JSON");
    }
    yield { line: i + 1, value };
  }
}

/** Converts rows one by one; a second row with an id that was there before is an error. */
export function readRows(
  rows: Iterable<Row>,
  convert: (row: Record<string, unknown>, line: number) => Problem,
): ReadResult {
  const problems: Problem[] = [];
  const errors: RowError[] = [];
  const lineOf = new Map<string, number>();
  for (const { line, value } of rows) {
    try {
      const problem = convert(asObject(value), line);
      const before = lineOf.get(problem.id);
      if (before !== undefined) throw new RowFault(`its id "${problem.id}" is also that of line ${before}`);
      lineOf.set(problem.id, line);
      problems.push(problem);
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      errors.push({ line, reason: error.message });
    }
  }
  return { problems, errors };
}

function asObject(value: unknown): Record<string, unknown> {
  if (value instanceof RowFault) throw value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RowFault("it is not an object");
  }
  return { ...value };
}

/** A text that must be there. */
export function requiredText(row: Record<string, unknown>, key: string): string {
  const text = optionalText(row, key);
  if (text === null) throw new RowFault(`it has no ${key}`);
  return text;
}

/** A string or number as text; null when missing or empty. */
export function optionalText(row: Record<string, unknown>, key: string): string | null {
  const value = row[key];
  if (value === undefined || value === null) return null;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value !== "string") throw new RowFault(`its ${key} must be a text or a number`);
  return value.trim() === "" ? null : value;
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
    const more = errors.length === 1 ? "" : ` (and ${errors.length - 1} more rows do not fit)`;
    throw new SyntaxError(`Cannot read ${name}:${first.line} as ${first.reason}${more}`);
  }
  if (problems.length === 0) throw new SyntaxError(`Cannot read ${name} as it has no rows`);
  return problems;
}
