// The evaluator as the demo uses it: a process of its own in Deno, results in runs/demo/NAME.json.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readJson } from "#shared/io/files.ts";
import { type EvaluationResult, EvaluationResultSchema } from "#shared/schemas/evaluation.ts";
import { parse } from "#shared/schemas/parse.ts";
import { FAMILIES } from "#shared/schemas/recipe/data.ts";
import type { TrainRecipe } from "../../run/train_recipe.ts";

export const FOLDER = "runs/demo";
const RUNNER = fileURLToPath(new URL("../../../scripts/run.mjs", import.meta.url));
/** Problems of each level and family. */
const PER_LEVEL = { trained: 40, untrained: 8 };

/** A paired difference with its 95 % interval, families weighing the same. */
export interface Difference {
  before: number;
  after: number;
  difference: number;
  interval_95: [number, number];
}

/** The trained families, and the others with fewer problems: they are only there to be seen. */
export function evaluateBoth(name: string, model: string, seed: number, recipe: TrainRecipe) {
  const trained = recipe.data.families;
  const untrained = FAMILIES.filter((family) => !trained.includes(family));
  return {
    trained: runEvaluator(name, model, seed, trained),
    untrained: runEvaluator(`${name}-untrained`, model, seed, untrained, PER_LEVEL.untrained),
  };
}

/** Runs the evaluator and reads the result that it writes to runs/demo/NAME.json. */
export function runEvaluator(
  name: string,
  model: string,
  seed: number,
  benchmarks: readonly string[],
  perLevel = PER_LEVEL.trained,
): EvaluationResult {
  const out = join(FOLDER, `${name}.json`);
  evaluator([
    ...["--model", model, "--benchmarks", benchmarks.join(","), "--problems-seed", String(seed)],
    ...["--per-level", String(perLevel), "--max-tokens", "64", "--out", out, "--overwrite", "--json"],
  ]);
  return parse(EvaluationResultSchema, readJson(out), out);
}

/** The paired difference between two results of this demo. */
export function compareResults(a: string, b: string): Difference {
  const output = evaluator(["compare", join(FOLDER, `${a}.json`), join(FOLDER, `${b}.json`), "--json"]);
  const { pooled } = JSON.parse(output) as {
    pooled: { a: number; b: number; difference: number; low: number; high: number };
  };
  const { a: before, b: after, difference, low, high } = pooled;
  return { before, after, difference, interval_95: [low, high] };
}

function evaluator(args: string[]): string {
  const { exitCode, stdout } = Bun.spawnSync([process.execPath, RUNNER, "evaluate", ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  if (exitCode === 0) return stdout.toString();
  throw new Error(`Cannot evaluate as the evaluator ended with code ${exitCode}: its message is above`);
}
