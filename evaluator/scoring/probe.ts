// The contamination probe (arXiv 2507.10532): a model that has seen a benchmark completes its questions from
// their beginnings. Here: how much of the rest of a question it writes, greedily.

import { mean } from "#shared/statistics.ts";
import type { BenchmarkProblem } from "#shared/tasks/questions.ts";
import type { Task } from "#shared/tasks/task.ts";
import { exactInterval } from "../statistics/intervals.ts";

/** What the probe found on one benchmark; shares are 0..1. */
export interface ProbeResult {
  benchmark: string;
  problems: number;
  /** Questions whose rest was written exactly (case and spaces aside). */
  exact: number;
  exact_interval_95: [number, number];
  /** Mean ROUGE-L F-measure of the written against the true rest. */
  rouge_l: number;
}

/** Cuts a question behind the first `share` of its characters, at the end of a word. */
export function cutQuestion(text: string, share: number): { shown: string; rest: string } {
  const wanted = Math.max(1, Math.round(text.length * share));
  const end = text.slice(wanted).search(/\s|$/) + wanted;
  return { shown: text.slice(0, end), rest: text.slice(end).trim() };
}

/** The task that asks for the rest of each question. Questions without a rest are left out. */
export function probeTask(task: Task, share: number): Task {
  const problems = task.problems.filter((problem) => cutQuestion(problem.text, share).rest !== "");
  const longest = Math.max(1, ...problems.map((problem) => cutQuestion(problem.text, share).rest.length));
  const { checkTrace: _, ...rest } = task;
  return {
    ...rest,
    problems,
    samples: 1,
    // A token is at least one character, so this leaves room for the whole rest.
    sampling: { temperature: 0, top_p: 1, max_tokens: Math.min(longest, 512), stop: [] },
    prompt: (problem: BenchmarkProblem) => ({ text: cutQuestion(problem.text, share).shown }),
  };
}

/** Compares what was written, by problem id, with the true rests. */
export function probeResult(task: Task, share: number, written: ReadonlyMap<string, string>): ProbeResult {
  const pairs = task.problems.flatMap((problem) => {
    const text = written.get(problem.id);
    if (text === undefined) return [];
    const rest = words(cutQuestion(problem.text, share).rest);
    // The model does not know where the question ends: only as many words as the rest has count.
    return [{ rest, written: words(text).slice(0, rest.length) }];
  });
  const exact = pairs.map(({ rest, written }) => rest.join(" ") === written.join(" ") ? 1 : 0);
  const { low, high } = exactInterval(exact.filter((hit) => hit === 1).length, exact.length);
  return {
    benchmark: task.name,
    problems: pairs.length,
    exact: pairs.length === 0 ? 0 : mean(exact),
    exact_interval_95: [low, high],
    rouge_l: pairs.length === 0 ? 0 : mean(pairs.map(({ rest, written }) => rougeL(rest, written))),
  };
}

/** ROUGE-L: F-measure of the longest common subsequence of words. */
export function rougeL(reference: readonly string[], candidate: readonly string[]): number {
  let row = new Uint32Array(candidate.length + 1);
  for (const word of reference) {
    const next = new Uint32Array(candidate.length + 1);
    for (let j = 1; j <= candidate.length; j++) {
      next[j] = word === candidate[j - 1]
        ? (row[j - 1] as number) + 1
        : Math.max(row[j] as number, next[j - 1] as number);
    }
    row = next;
  }
  const common = row[candidate.length] as number;
  return common === 0 ? 0 : 2 * common / (reference.length + candidate.length);
}

function words(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter((word) => word !== "");
}
