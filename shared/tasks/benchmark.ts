// What a benchmark is: a reader of its published file, the prompt and number of samples of every
// protocol, and where the data comes from. Data is never shipped; each file is read from the user's disk.

import { lookUp, requiredText, RowFault } from "#shared/problems/readers/rows.ts";
import type { Exemplar } from "./exemplars.ts";
import { lightevalMath, plain } from "./prompts.ts";
import type { EvalPresetName } from "./protocols.ts";
import type { BenchmarkProblem } from "./questions.ts";

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
  /** Files to train on, where the benchmark has some. */
  train?: Pick<DataFile, "name" | "url" | "licence">;
  /** The problem of a row, counted from 0. Throws RowFault for one that does not fit. */
  problem(row: Record<string, unknown>, index: number): Promise<BenchmarkProblem> | BenchmarkProblem;
  protocols: Record<Exclude<EvalPresetName, "plain">, Protocol>;
  /** Text that a base model continues. */
  base: (question: string) => string;
  /** Examples for few-shot prompts. */
  exemplars: readonly Exemplar[];
}

/** How most benchmarks of mathematics are asked. */
export const mathProtocols: Benchmark["protocols"] = {
  "ghpo-readme": { user: lightevalMath, samples: 1 },
  "ghpo-paper": { user: lightevalMath, samples: 1 },
  qwen: { user: plain, samples: 1 },
  lighteval: { user: lightevalMath, samples: 1 },
};

/** The one text of a list, or a text by itself. Several are refused: which of them is asked for is not known. */
export function onlyText(row: Record<string, unknown>, key: string): string {
  const value = lookUp(row, key);
  if (!Array.isArray(value)) return requiredText(row, key);
  if (value.length === 1) return requiredText({ [key]: value[0] }, key);
  throw new RowFault(`its ${key} is a list of ${value.length} answers where one is needed`);
}
