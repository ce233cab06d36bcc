// What is wrong with a training set before any of it is trained on: duplicates, missing traces, traces that give the
// answer away, and overlap with the benchmarks.

import type { Problem } from "#shared/schemas/problem.ts";

export interface DataReport {
  problems: number;
  /** Problems whose text, but for case and white space, is that of an earlier one. */
  duplicates: { id: string; same_as: string }[];
  /** Problems that can never be given a hint. */
  without_trace: string[];
  /** Problems whose trace shows the answer before its last step (step counts from 0). */
  early_leaks: { id: string; step: number }[];
  /** Problems that share eight words in a row with a benchmark problem, the first such eight. */
  overlaps: { id: string; benchmark: string; benchmark_id: string; ngram: string }[];
}

/** Length of the runs that open-r1's decontamination compares. */
const NGRAM_WORDS = 8;

/**
 * @param leakOffset Where the answer starts in a text, or -1; the rule that hints are guarded by.
 */
export function checkData(
  problems: readonly Problem[],
  benchmarks: Readonly<Record<string, readonly Pick<Problem, "id" | "text">[]>>,
  leakOffset: (text: string, answer: string, question: string) => number,
): DataReport {
  return {
    problems: problems.length,
    duplicates: duplicates(problems),
    without_trace: problems.filter(({ trace }) => trace === null).map(({ id }) => id),
    early_leaks: problems.flatMap((problem) => {
      const step = problem.trace?.steps.slice(0, -1).findIndex((text) =>
        leakOffset(text, problem.answer, problem.text) >= 0
      ) ?? -1;
      return step < 0 ? [] : [{ id: problem.id, step }];
    }),
    overlaps: overlaps(problems, benchmarks),
  };
}

function duplicates(problems: readonly Problem[]): DataReport["duplicates"] {
  const first = new Map<string, string>();
  return problems.flatMap(({ id, text }) => {
    const key = text.toLowerCase().replace(/\s+/g, " ").trim();
    const same_as = first.get(key);
    if (same_as !== undefined) return [{ id, same_as }];
    first.set(key, id);
    return [];
  });
}

function overlaps(
  problems: readonly Problem[],
  benchmarks: Readonly<Record<string, readonly Pick<Problem, "id" | "text">[]>>,
): DataReport["overlaps"] {
  const known = new Map<string, { benchmark: string; benchmark_id: string }>();
  for (const [benchmark, items] of Object.entries(benchmarks)) {
    for (const { id, text } of items) {
      for (const ngram of ngrams(text)) known.set(ngram, { benchmark, benchmark_id: id });
    }
  }
  return problems.flatMap(({ id, text }) => {
    const ngram = ngrams(text).find((candidate) => known.has(candidate));
    return ngram === undefined ? [] : [{ id, ...known.get(ngram)!, ngram }];
  });
}

/** Runs of eight words (anything between white space, lower case); a shorter text is one run. */
function ngrams(text: string): string[] {
  const words = text.toLowerCase().match(/\S+/g) ?? [];
  if (words.length <= NGRAM_WORDS) return words.length === 0 ? [] : [words.join(" ")];
  return words.slice(NGRAM_WORDS - 1).map((_, i) => words.slice(i, i + NGRAM_WORDS).join(" "));
}
