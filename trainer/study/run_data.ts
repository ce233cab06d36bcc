// The compact data of a finished run, small enough for git: JSON Lines with the run's facts, then one line a metric
// (all steps), one line an evaluation metric, one line a cell of the final test. It holds nothing that the clock
// wrote, so the same seed gives the same file.

import { dirname } from "node:path";
import { makeDirectory } from "#shared/io/files.ts";
import * as v from "valibot";
import { readJsonl, writeJsonl } from "#shared/io/jsonl.ts";
import { parse } from "#shared/schemas/parse.ts";
import { FamilySchema } from "#shared/schemas/recipe/data.ts";
import { count, finite, fraction, name, positiveCount, seed, sha256 } from "#shared/schemas/values.ts";
import { differingKey, formatRecipe } from "../run/recipe.ts";
import type { Run, StudyPlan } from "./study_plan.ts";
import { FinalTestSchema } from "./schema.ts";
import { type TrainRecipe, TrainRecipeSchema } from "../run/train_recipe.ts";

const values = v.array(v.nullable(finite));
/** One character a problem: 1 right, 0 wrong. */
const bits = v.pipe(v.string(), v.regex(/^[01]*$/, "must be a string of 0 and 1"));

export const CellSchema = v.strictObject({
  kind: v.literal("cell"),
  family: FamilySchema,
  level: positiveCount,
  /** Share of the trace that the prompt showed; 0: un-hinted. */
  hint_ratio: fraction,
  /** Right final answers, greedy. */
  right: bits,
  /** Right from the first step of the trace to the answer. */
  traced: bits,
});
export type Cell = v.InferOutput<typeof CellSchema>;

const LineSchema = v.variant("kind", [
  v.strictObject({
    kind: v.literal("run"),
    arm: name,
    seed,
    /** Digest of the weights that the run started from, and their number. */
    model_sha256: sha256,
    parameters: count,
    token_budget: v.nullable(positiveCount),
    test: FinalTestSchema,
    /** The resolved recipe without its output_dir. */
    recipe: v.record(v.string(), v.unknown()),
  }),
  /** Values of the steps 1, 2, 3, ... */
  v.strictObject({ kind: v.literal("metric"), key: name, values }),
  v.strictObject({ kind: v.literal("evaluation"), key: name, steps: v.array(count), values }),
  CellSchema,
]);
type Line = v.InferOutput<typeof LineSchema>;
export type RunFacts = Omit<Extract<Line, { kind: "run" }>, "kind">;

/** null: the value has no meaning at that step. */
export type Series = readonly (number | null)[];

export interface RunData {
  facts: RunFacts;
  metrics: ReadonlyMap<string, Series>;
  evaluations: ReadonlyMap<string, { steps: readonly number[]; values: Series }>;
  cells: readonly Cell[];
}

/** Writes a run's data as a whole or not at all. Numbers keep five significant digits, whole ones all of theirs. */
export function writeRunData(path: string, data: RunData): void {
  const lines: Line[] = [
    { kind: "run", ...data.facts },
    ...[...data.metrics].map(([key, series]) => ({
      kind: "metric" as const,
      key,
      values: series.map(rounded),
    })),
    ...[...data.evaluations].map(([key, { steps, values }]) => ({
      kind: "evaluation" as const,
      key,
      steps: [...steps],
      values: values.map(rounded),
    })),
    ...data.cells,
  ];
  makeDirectory(dirname(path));
  writeJsonl(path, lines);
}

export function readRunData(path: string): RunData {
  const metrics = new Map<string, Series>();
  const evaluations = new Map<string, { steps: number[]; values: Series }>();
  const cells: Cell[] = [];
  let facts: RunFacts | undefined;
  for (const { value, line } of readJsonl(path)) {
    const item = parse(LineSchema, value, `${path}:${line}`);
    if (item.kind === "run") {
      const { kind: _, ...rest } = item;
      facts = rest;
    } else if (item.kind === "metric") metrics.set(item.key, item.values);
    else if (item.kind === "evaluation") evaluations.set(item.key, item);
    else cells.push(item);
  }
  if (facts === undefined) throw new TypeError(`Cannot read ${path} as it has no line of kind run`);
  return { facts, metrics, evaluations, cells };
}

/** The facts that a run's data must carry. */
export function runFacts(
  { study }: StudyPlan,
  run: Run,
  model: { sha256: string; parameters: number },
): RunFacts {
  return {
    arm: run.arm.name,
    seed: run.seed,
    model_sha256: model.sha256,
    parameters: model.parameters,
    token_budget: study.token_budget,
    test: study.test,
    recipe: withoutPlace(run.recipe),
  };
}

/** Throws when the data of a run was made with other settings than the study has now, and names the first one. */
export function checkFacts(path: string, stored: RunFacts, wanted: RunFacts): void {
  const difference = differingFact(stored, wanted);
  if (difference === null) return;
  throw new Error(
    `Cannot use ${path} as its ${difference.name} is ${difference.first} and the study's is ${difference.second}: ` +
      "change the study back, or remove that file to run this arm again",
  );
}

export function sameFacts(a: RunFacts, b: RunFacts): boolean {
  return differingFact(a, b) === null;
}

function differingFact(stored: RunFacts, wanted: RunFacts) {
  // Settings that are younger than the data have their defaults.
  const before = parse(TrainRecipeSchema, { ...stored.recipe, output_dir: "-" }, "the stored recipe");
  const now = parse(TrainRecipeSchema, { ...wanted.recipe, output_dir: "-" }, "the study's recipe");
  const setting = differingKey(formatRecipe(before), formatRecipe(now));
  if (setting !== null) return setting;
  for (const name of ["arm", "seed", "model_sha256", "parameters", "token_budget", "test"] as const) {
    const [first, second] = [JSON.stringify(stored[name]), JSON.stringify(wanted[name])];
    if (first !== second) return { name, first, second };
  }
  return null;
}

function withoutPlace(recipe: TrainRecipe): Record<string, unknown> {
  const { output_dir: _, ...rest } = recipe;
  return rest;
}

function rounded(value: number | null): number | null {
  return value === null || Number.isInteger(value) ? value : Number(value.toPrecision(5));
}
