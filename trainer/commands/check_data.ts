// check-data: what is wrong with a recipe's training problems before any of them is trained on.

import { basename } from "node:path";
import { readProblems } from "#shared/io/problem_files.ts";
import { checkData, type DataReport } from "#shared/problems/check_data.ts";
import type { RowError } from "#shared/problems/readers/rows.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import {
  type SftRecipe,
  SftRecipeSchema,
  type TrainRecipe,
  TrainRecipeSchema,
} from "#shared/schemas/recipe.ts";
import { evaluationProblems, trainingProblems } from "../loop/data.ts";
import { leakOffset } from "../ghpo/guidance.ts";
import { isSftRecipe, loadRecipe, type Override } from "../run/recipe.ts";

export async function checkDataCommand(
  file: string,
  options: { benchmark?: string[]; json?: boolean },
  overrides: readonly Override[],
): Promise<void> {
  const recipe = isSftRecipe(file)
    ? loadRecipe(SftRecipeSchema, file, overrides)
    : loadRecipe(TrainRecipeSchema, file, overrides);
  const { problems, errors } = await read(recipe);
  const report = checkData(problems, await benchmarksOf(recipe, options.benchmark ?? []), leakOffset);
  console.log(options.json ? JSON.stringify({ ...report, errors }) : render(report, errors));
  if (errors.length > 0 || report.overlaps.length > 0) process.exitCode = 1;
}

async function read(
  { data, seed }: TrainRecipe | SftRecipe,
): Promise<{ problems: Problem[]; errors: RowError[] }> {
  if (data.path === null) return { problems: await trainingProblems({ data, seed }), errors: [] };
  return await readProblems(data.path, data.format, data.columns);
}

/** The evaluation problems of the recipe by family, and the files that were named. */
async function benchmarksOf(recipe: TrainRecipe | SftRecipe, files: readonly string[]) {
  const benchmarks: Record<string, Problem[]> = {};
  for (const problem of evaluationProblems(recipe.eval)) (benchmarks[problem.source] ??= []).push(problem);
  for (const path of files) {
    benchmarks[basename(path)] = (await readProblems(path, "jsonl", recipe.data.columns)).problems;
  }
  return benchmarks;
}

function render(report: DataReport, errors: readonly RowError[]): string {
  const list = (
    title: string,
    lines: readonly string[],
  ) => [
    `${title}: ${lines.length}`,
    ...lines.slice(0, 5).map((line) => `  ${line}`),
    ...(lines.length > 5 ? ["  ..."] : []),
  ];
  return [
    `problems: ${report.problems}`,
    ...list("rows that do not fit", errors.map(({ file, line, reason }) => `${file}:${line}: ${reason}`)),
    ...list("duplicates", report.duplicates.map(({ id, same_as }) => `${id} is ${same_as}`)),
    ...list("without trace (never hinted)", report.without_trace),
    ...list(
      "traces that show the answer early",
      report.early_leaks.map(({ id, step }) => `${id}, step ${step + 1}`),
    ),
    ...list(
      "overlaps with a benchmark",
      report.overlaps.map((o) => `${o.id} and ${o.benchmark} ${o.benchmark_id}: "${o.ngram}"`),
    ),
  ].join("\n");
}
