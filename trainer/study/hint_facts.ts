// What the rollouts of a run say about hints: how much of a trace each stage showed and how often that gave the answer
// away, whether a longer trace means a harder problem, and what became of a problem between two visits. Counts of each
// step, so that a report can add them up over steps as it likes.

import { mean } from "#shared/statistics.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { Group } from "#shared/schemas/rollout.ts";
import type { Series } from "./run_data.ts";

/** What a problem was when it was last visited: solved (some completion right), or not, with or without a hint. */
type Visit = "solved" | "hinted" | "plain";

/**
 * Series over the steps; a problem that has several groups in a step counts by the one with the longest hint.
 * - `hints/shown_stage_K`: mean share of the trace's characters in the hints of stage K; null without any;
 * - `hints/hinted`, `hints/leaks`: groups with a hint, and those whose cut alone would have shown the answer;
 * - `length/pairs`, `length/concordant`: pairs of one step and family, one problem difficult (no completion right
 *   un-hinted) and one not, and how often the difficult one has the longer trace (1/2 for a tie): their quotient is the
 *   area under the ROC curve of trace length as a predictor of difficulty. `.._level` is within one level as well;
 * - `revisit/S`, `revisit/S_solved` for S of hinted, plain (difficult at the last visit, and given a hint or not) and
 *   solved: groups whose problem was that, and how many of them now have a right completion without a hint.
 */
export function hintSeries(
  steps: readonly (readonly Group[])[],
  problems: ReadonlyMap<string, Problem>,
): Map<string, Series> {
  const last = new Map<string, Visit>();
  const rows = steps.map((groups) => {
    const byHint = [...groups].sort((a, b) => a.guidance.hint.length - b.guidance.hint.length);
    const one = [...new Map(byHint.map((group) => [group.problem_id, group])).values()];
    return { ...shown(one, problems), ...pairs(one, problems), ...revisits(one, last) };
  });
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))].sort();
  return new Map(keys.map((key) => [key, rows.map((row: Record<string, number>) => row[key] ?? null)]));
}

function shown(groups: readonly Group[], problems: ReadonlyMap<string, Problem>): Record<string, number> {
  const hinted = groups.filter(({ guidance }) => guidance.hint !== "");
  const row: Record<string, number> = {
    "hints/hinted": hinted.length,
    "hints/leaks": groups.filter(({ guidance }) => guidance.leak).length,
  };
  for (const stage of new Set(hinted.map(({ guidance }) => guidance.stage))) {
    const shares = hinted.filter(({ guidance }) => guidance.stage === stage).flatMap((group) => {
      const trace = problems.get(group.problem_id)?.trace;
      return trace ? [group.guidance.hint.length / trace.text.length] : [];
    });
    if (shares.length > 0) row[`hints/shown_stage_${stage}`] = mean(shares);
  }
  return row;
}

function pairs(groups: readonly Group[], problems: ReadonlyMap<string, Problem>): Record<string, number> {
  const known = groups.flatMap(({ problem_id, accuracy_unhinted }) => {
    const problem = problems.get(problem_id);
    if (!problem?.trace || accuracy_unhinted === null) return []; // null too where the hint came first
    const length = problem.trace.text.length;
    return [{ length, family: problem.source, level: problem.level, difficult: accuracy_unhinted === 0 }];
  });
  const row = {
    "length/pairs": 0,
    "length/concordant": 0,
    "length/pairs_level": 0,
    "length/concordant_level": 0,
  };
  for (const hard of known.filter(({ difficult }) => difficult)) {
    for (const easy of known.filter(({ difficult, family }) => !difficult && family === hard.family)) {
      const concordant = hard.length > easy.length ? 1 : hard.length === easy.length ? 0.5 : 0;
      row["length/pairs"]++;
      row["length/concordant"] += concordant;
      if (hard.level !== easy.level) continue;
      row["length/pairs_level"]++;
      row["length/concordant_level"] += concordant;
    }
  }
  return row;
}

/** Counts the moves since the last visits, and remembers this one. */
function revisits(groups: readonly Group[], last: Map<string, Visit>): Record<string, number> {
  const row: Record<string, number> = {};
  for (const { problem_id, accuracy_unhinted, guidance } of groups) {
    if (accuracy_unhinted === null) continue;
    const before = last.get(problem_id);
    if (before !== undefined) {
      row[`revisit/${before}`] = (row[`revisit/${before}`] ?? 0) + 1;
      if (accuracy_unhinted > 0) row[`revisit/${before}_solved`] = (row[`revisit/${before}_solved`] ?? 0) + 1;
    }
    last.set(problem_id, accuracy_unhinted > 0 ? "solved" : guidance.hint === "" ? "plain" : "hinted");
  }
  return row;
}
