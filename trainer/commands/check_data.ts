// check-data: the pre-flight of a recipe without the run.

import { basename } from "node:path";
import { readProblems } from "#shared/io/problem_files.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import type { Preflight } from "../preflight/preflight.ts";
import { preflightOf } from "../preflight/recipe.ts";
import { renderPreflight } from "../preflight/table.ts";
import { isSftRecipe, loadRecipe } from "../run/recipe.ts";
import type { Override } from "../run/flags.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";

export async function checkDataCommand(
  file: string,
  options: { benchmark?: string[]; json?: boolean },
  overrides: readonly Override[],
): Promise<void> {
  const recipe = isSftRecipe(file)
    ? loadRecipe(SftRecipeSchema, file, overrides)
    : loadRecipe(TrainRecipeSchema, file, overrides);
  const benchmarks: Record<string, Problem[]> = {};
  for (const path of options.benchmark ?? []) {
    benchmarks[basename(path)] = (await readProblems(path, "jsonl", recipe.data.columns)).problems;
  }
  const report = await preflightOf(recipe, { benchmarks });
  if (report.lengths === null && report.faults.length === 0) {
    report.warnings.push(`${recipe.model} holds no model with a tokenizer, so that lengths are not known`);
  }
  console.log(options.json ? JSON.stringify(asJson(report)) : renderPreflight(report));
  if (report.errors.length > 0 || report.data.overlaps.length > 0 || report.faults.length > 0) {
    process.exitCode = 1;
  }
}

function asJson({ data, requirements, errors, problems: _, ...rest }: Preflight) {
  const { format, prompt, target, ratios } = requirements;
  return { ...data, errors, answer_format: format, limits: { prompt, target }, hint_ratios: ratios, ...rest };
}
