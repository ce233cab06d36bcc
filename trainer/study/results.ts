// What a study found: the curves, final tests and paired differences of its arms, from the committed data.

import { existsSync } from "node:fs";
import { mean } from "#shared/statistics.ts";
import { type Cell, readRunData, type RunData } from "./run_data.ts";
import type { StudyPlan } from "./study_plan.ts";
import type { Arm } from "./schema.ts";
import { readStart, startPath } from "./starting_model.ts";
import { bootstrapBand, type Estimate, interpolate, pairedEstimate } from "./statistics.ts";

export interface ArmData {
  arm: Arm;
  /** Finished runs by seed. */
  runs: ReadonlyMap<number, RunData>;
  /** Final test of the model that the arm starts from. */
  start: readonly Cell[];
}

/** The data of all arms that have any. */
export function loadArms(plan: StudyPlan): ArmData[] {
  return plan.study.arms.flatMap((arm) => {
    const done = plan.runs.filter((run) => run.arm.name === arm.name && existsSync(run.data));
    const path = startPath(plan.dataFolder, done[0]?.recipe.model ?? "");
    const runs = new Map(done.map((run) => [run.seed, readRunData(run.data)]));
    return done.length === 0 ? [] : [{ arm, runs, start: readStart(path).cells }];
  });
}

/** What the arms are compared over. */
export const AXES = ["steps", "generated tokens", "TFLOP"] as const;
export type Axis = (typeof AXES)[number];

/** Positions of a run's evaluations on an axis. */
function positions(run: RunData, axis: Axis): number[] {
  const { steps } = run.evaluations.get("eval_accuracy")!;
  if (axis === "steps") return [...steps];
  const series = run.metrics.get(axis === "TFLOP" ? "tflop" : "generated_tokens")!;
  return steps.map((step) => step === 0 ? 0 : series[step - 1]!);
}

function endOf(runs: Iterable<RunData>, axis: Axis): number {
  return Math.min(...[...runs].map((run) => positions(run, axis).at(-1)!));
}

export interface Point extends Estimate {
  x: number;
}

const GRID = 40;

/** The mean evaluation curve of an arm with its bootstrap band, up to where all of its seeds have come. */
export function curve({ runs }: ArmData, axis: Axis, key = "eval_accuracy"): Point[] {
  const all = [...runs.values()].filter((run) => run.evaluations.has(key));
  if (all.length === 0) return [];
  const end = endOf(all, axis);
  // The end itself and not end * 40 / 40, which may lie behind the last evaluation.
  const grid = Array.from({ length: GRID + 1 }, (_, i) => i === GRID ? end : end * i / GRID);
  const rows = all.map((run) => {
    const xs = positions(run, axis);
    const ys = run.evaluations.get(key)!.values.map((value) => value ?? 0);
    return grid.map((x) => interpolate(xs, ys, x)!);
  });
  return bootstrapBand(rows).map((estimate, i) => ({ ...estimate, x: grid[i]! }));
}

/** A metric of every step: mean over seeds with its band, each seed smoothed by a window of five steps. */
export function metricCurve({ runs }: ArmData, key: string): Point[] {
  const all = [...runs.values()].flatMap((run) => run.metrics.get(key) ?? []).length === 0
    ? []
    : [...runs.values()].map((run) => smoothed(run.metrics.get(key) ?? []));
  const length = Math.min(...all.map((series) => series.length));
  if (all.length === 0 || length === 0) return [];
  return bootstrapBand(all.map((series) => series.slice(0, length)))
    .map((estimate, i) => ({ ...estimate, x: i + 1 }));
}

function smoothed(series: readonly (number | null)[]): number[] {
  return series.map((_, i) => {
    const near = series.slice(Math.max(0, i - 2), i + 3).filter((value) => value !== null);
    return near.length === 0 ? 0 : mean(near);
  });
}

/** Every arm with the one that it is compared with, where both have data. */
export function pairs(
  { study }: StudyPlan,
  arms: readonly ArmData[],
): { reference: ArmData; arm: ArmData }[] {
  return arms.flatMap((data) => {
    const reference = arms.find(({ arm }) => arm.name === (data.arm.reference ?? study.reference));
    return reference === undefined || reference === data ? [] : [{ reference, arm: data }];
  });
}

export interface Difference extends Estimate {
  /** Where on the axis both arms are compared: as far as all their seeds have come. */
  at: number;
}

/** Un-hinted accuracy in the loop, `reference` minus `arm`, paired by seed, at equal `axis`. */
export function differenceAt(reference: ArmData, arm: ArmData, axis: Axis): Difference | null {
  const seeds = commonSeeds(reference, arm);
  const of = (data: ArmData) => seeds.map((seed) => data.runs.get(seed)!);
  if (seeds.length === 0 || of(arm).some((run) => !run.evaluations.has("eval_accuracy"))) return null;
  const at = Math.min(endOf(of(reference), axis), endOf(of(arm), axis));
  const values = (data: ArmData) =>
    of(data).map((run) => {
      const ys = run.evaluations.get("eval_accuracy")!.values.map((value) => value ?? 0);
      return interpolate(positions(run, axis), ys, at)!;
    });
  return { ...pairedEstimate(values(reference), values(arm)), at };
}

/** Final test, `reference` minus `arm`, paired by seed. */
export function testDifference(reference: ArmData, arm: ArmData, query: TestQuery): Estimate | null {
  const seeds = commonSeeds(reference, arm);
  if (seeds.length === 0) return null;
  const values = (data: ArmData) => seeds.map((seed) => testScore(data.runs.get(seed)!.cells, query)!);
  return pairedEstimate(values(reference), values(arm));
}

function commonSeeds(a: ArmData, b: ArmData): number[] {
  return [...a.runs.keys()].filter((seed) => b.runs.has(seed));
}

export interface TestQuery {
  families: readonly string[];
  bits?: "right" | "traced";
  /** Levels from here on; all by default. */
  from?: number;
  /** Cells with a hint instead of those without. */
  hinted?: boolean;
}

/** Unweighted mean over the cells that a query is about; null of none. */
export function testScore(
  cells: readonly Cell[],
  { families, bits, from = 1, hinted = false }: TestQuery,
): number | null {
  const chosen = cells.filter((cell) =>
    families.includes(cell.family) && cell.level >= from && (cell.hint_ratio > 0) === hinted
  );
  return chosen.length === 0 ? null : mean(chosen.map((cell) => mean(scores(cell, bits))));
}

export function scores(cell: Cell, bits: "right" | "traced" = "right"): number[] {
  return [...cell[bits]].map(Number);
}

/** Of the right answers to hard problems of the final test, the share whose whole trace is right; null of none. */
export function tracedShare(
  cells: readonly Cell[],
  families: readonly string[],
  hardFrom: number,
): number | null {
  let right = 0;
  let traced = 0;
  for (const cell of cells) {
    if (!families.includes(cell.family) || cell.level < hardFrom || cell.hint_ratio > 0) continue;
    right += scores(cell).filter((bit) => bit === 1).length;
    traced += scores(cell, "traced").filter((bit) => bit === 1).length;
  }
  return right === 0 ? null : traced / right;
}
