// What a benchmark is: a reader of its published file, the prompt and number of samples of every
// protocol, and where the data comes from. Data is never shipped; each file is read from the user's disk.

import type { PresetName } from "../presets.ts";

/** One question of a benchmark. */
export interface BenchmarkProblem {
  id: string;
  /** The question as the prompt shows it. */
  text: string;
  /** Gold answer, without prose around it. */
  answer: string;
  /** Label that groups the report (difficulty or subject), or null. */
  level: number | string | null;
  /** Number of options of a multiple-choice question; the answer is then a letter. */
  choices?: number;
  /**
   * The question under other orders of its options: repeat r asks `orders[r % orders.length]`. The first is
   * `text` and `answer` themselves; each next one moves every option one place forward.
   */
  orders?: readonly { text: string; answer: string }[];
  /** Largest accepted absolute difference where the benchmark states one. */
  tolerance?: number;
}

/** The problem as one of its repeats asks it. */
export function asRepeat(problem: BenchmarkProblem, repeat: number): BenchmarkProblem {
  const order = problem.orders?.[repeat % problem.orders.length];
  return order === undefined ? problem : { ...problem, ...order };
}

/** The letter that a repeat's answer has in the question's first order, so that repeats can be compared. */
export function firstLetter({ orders }: BenchmarkProblem, repeat: number, answer: string): string {
  const place = LETTERS.indexOf(answer);
  if (orders === undefined || place < 0 || place >= orders.length) return answer;
  return LETTERS[(place + orders.length - repeat % orders.length) % orders.length] as string;
}

/** Names of the options of a multiple-choice question. */
export const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];

/** Where a benchmark's file comes from and what the user agrees to by fetching it. */
export interface DataFile {
  /** File name looked for in the data folder. */
  name: string;
  rows: number;
  /** The file itself, or for gated data (no digest) the page where access is asked for. */
  url: string;
  /** Digest of the file that the row counts and tests belong to. */
  sha256: string | null;
  licence: string;
}

/** How one preset asks the benchmark's questions. */
export interface Protocol {
  /** User message for chat models. */
  user: (question: string) => string;
  /** Samples a problem. */
  samples: number;
}

/** A published benchmark. */
export interface Benchmark {
  name: string;
  title: string;
  file: DataFile;
  /** Reads the file's text. Throws SyntaxError naming the row that does not fit. */
  read(text: string): Promise<BenchmarkProblem[]> | BenchmarkProblem[];
  protocols: Record<Exclude<PresetName, "plain">, Protocol>;
  /** Text that a base model continues. */
  base: (question: string) => string;
}

/** Parses JSON Lines; a row that is not an object is refused with its number. */
export function readRows(text: string, file: string): Record<string, unknown>[] {
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    let row: unknown;
    try {
      row = JSON.parse(line);
    } catch {
      throw new SyntaxError(`Cannot read ${file} as line ${i + 1} is not JSON`);
    }
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw new SyntaxError(`Cannot read ${file} as line ${i + 1} is not an object`);
    }
    return [row as Record<string, unknown>];
  });
}

/** A text field of row `i` (counted from 0). Numbers are accepted where a file stores answers as such. */
export function field(row: Record<string, unknown>, key: string, file: string, i: number): string {
  const value = row[key];
  if (typeof value === "string" && value.trim() !== "") return value;
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  throw new SyntaxError(
    `Cannot read ${file} as row ${i + 1} has no text in "${key}": its value is ${
      JSON.stringify(value) ?? "absent"
    }`,
  );
}

/** Content of the last `\boxed{...}` of a solution, braces balanced; null when there is none. */
export function lastBoxed(text: string): string | null {
  const start = Math.max(text.lastIndexOf("\\boxed{"), text.lastIndexOf("\\boxed {"));
  if (start < 0) return null;
  const open = text.indexOf("{", start);
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return text.slice(open + 1, i);
  }
  return null;
}
