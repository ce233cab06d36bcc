// check-data: the pre-flight of a recipe without the run, or of a data file under the recipe that init would write.

import { basename } from "node:path";
import { readProblems } from "#shared/io/problem_files.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { type SftRecipe, SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import type { Preflight } from "../preflight/preflight.ts";
import { preflightOf } from "../preflight/recipe.ts";
import { renderPreflight } from "../preflight/table.ts";
import { isRecipe, isSftRecipe, loadRecipe } from "../run/recipe.ts";
import type { Override } from "../run/flags.ts";
import { type TrainRecipe, TrainRecipeSchema } from "../run/train_recipe.ts";
import { recipeFor } from "./init/init.ts";

export async function checkDataCommand(
  file: string,
  options: { benchmark?: string[]; json?: boolean },
  overrides: readonly Override[],
): Promise<void> {
  const { recipe, reasons } = await recipeOf(file, overrides);
  const benchmarks: Record<string, Problem[]> = {};
  for (const path of options.benchmark ?? []) {
    benchmarks[basename(path)] = (await readProblems(path, "jsonl", recipe.data.columns)).problems;
  }
  const report = await preflightOf(recipe, { benchmarks });
  if (report.lengths === null && report.faults.length === 0) {
    report.warnings.push(`${recipe.model} holds no model with a tokenizer, so that lengths are not known`);
  }
  if (options.json) console.log(JSON.stringify({ ...asJson(report), reasons }));
  else console.log([...reasons, ...(reasons.length > 0 ? [""] : []), renderPreflight(report)].join("\n"));
  if (report.errors.length > 0 || report.data.overlaps.length > 0 || report.faults.length > 0) {
    process.exitCode = 1;
  }
}

/** A recipe, or what init would choose for a file, and why. */
async function recipeOf(
  file: string,
  overrides: readonly Override[],
): Promise<{ recipe: TrainRecipe | SftRecipe; reasons: readonly string[] }> {
  if (isRecipe(file)) {
    const recipe = isSftRecipe(file)
      ? loadRecipe(SftRecipeSchema, file, overrides)
      : loadRecipe(TrainRecipeSchema, file, overrides);
    return { recipe, reasons: [] };
  }
  const { model, columns, ...others } = Object.fromEntries(overrides);
  const [other] = Object.keys(others);
  if (other !== undefined) {
    throw new TypeError(
      `Cannot check ${file} with --${other} as a data file has no recipe whose setting that would be: --model and ` +
        "--columns are allowed, or init writes a recipe",
    );
  }
  const { recipe, reasons } = await recipeFor(file, {
    ...(model !== undefined && { model }),
    ...(columns !== undefined && { columns }),
  });
  return { recipe: { ...recipe, data: { ...recipe.data, held_out: 0 } }, reasons }; // every row is looked at
}

function asJson({ data, requirements, errors, problems: _, ...rest }: Preflight) {
  const { format, prompt, target, ratios } = requirements;
  return { ...data, errors, answer_format: format, limits: { prompt, target }, hint_ratios: ratios, ...rest };
}
