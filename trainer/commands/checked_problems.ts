// The problems of a run after the pre-flight, and the pre-flight of --dry-run.

import { messageOf } from "#shared/text/format.ts";
import { ggufOf } from "#shared/io/gguf.ts";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Problem } from "#shared/schemas/problem.ts";
import type { SftRecipe } from "#shared/schemas/recipe/sft.ts";
import { trainingProblems } from "../loop/data.ts";
import type { CustomParts } from "../library/custom_parts.ts";
import { preflightOf } from "../preflight/recipe.ts";
import type { Status } from "../run/progress.ts";
import { formatRecipe } from "../run/recipe.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

const SHOWN_ROWS = 5;

export interface LeftOut {
  /** Rows that data.skip_malformed left out. */
  skipped_rows: number;
  /** Problems that data.on_long_prompt left out. */
  dropped_prompts: number;
}

export interface CheckedProblems extends LeftOut {
  problems: Problem[];
}

/**
 * The problems that a recipe trains on; what is left out of them is reported.
 *
 * @param accept Trains although the pre-flight finds the run vain: with --force, and on resume.
 * @throws Error with what the pre-flight found
 */
export async function checkedProblems(
  recipe: TrainRecipe | SftRecipe,
  status: Status,
  accept: boolean,
  own: CustomParts = {},
): Promise<CheckedProblems> {
  let skipped_rows = 0;
  const all = await trainingProblems(recipe, (errors) => {
    skipped_rows = errors.length;
    for (const { file, line, reason } of errors.slice(0, SHOWN_ROWS)) {
      status.log(`${file}:${line} is left out as ${reason}`);
    }
    const more = errors.length - SHOWN_ROWS;
    if (more > 0) status.log(`... and ${more} more rows; check-data with --json lists them all`);
  }, (copies) => {
    status.log(
      `warning: ${copies} more rows are left out as they ask the same as rows set aside by data.held_out`,
    );
  });
  const { faults, warnings, problems, dropped } = await preflightOf(recipe, {
    read: { problems: all, errors: [] },
    own,
  });
  for (const sentence of warnings) status.log(`warning: ${sentence}`);
  if (faults.length > 0 && !accept) throw new Error(`Cannot train as ${faults.join("; and ")}`);
  for (const sentence of faults) status.log(`warning: ${sentence}`);
  return { problems, skipped_rows, dropped_prompts: dropped.length };
}

/** The lines of a summary that count what was left out, if anything was. */
export function leftOut(
  { data }: TrainRecipe | SftRecipe,
  { skipped_rows, dropped_prompts }: LeftOut,
): string[] {
  const files = [data.path].flat().join(", ");
  return [
    ...(skipped_rows === 0 ? [] : [`  left out    ${skipped_rows} rows of ${files}`]),
    ...(dropped_prompts === 0 ? [] : [`  left out    ${dropped_prompts} problems with too long a prompt`]),
  ];
}

/** --dry-run: what is wrong first, on stderr, then the recipe with all defaults; exit code 1 for anything wrong. */
export async function dryRun(recipe: TrainRecipe | SftRecipe, options: { json?: boolean }): Promise<void> {
  const faults: string[] = [];
  const warnings: string[] = [];
  for (const path of [join(recipe.model, "config.json"), join(recipe.model, "tokenizer.json")]) {
    if (ggufOf(recipe.model) === undefined && !existsSync(path)) faults.push(`${path} does not exist`);
  }
  try {
    const report = await preflightOf(recipe);
    faults.push(...report.faults);
    warnings.push(...report.warnings);
  } catch (error) {
    faults.push(messageOf(error));
  }
  for (const sentence of faults) console.error(`problem: ${sentence}`);
  for (const sentence of warnings) console.error(`warning: ${sentence}`);
  console.log(options.json ? JSON.stringify(recipe) : formatRecipe(recipe).trimEnd());
  if (faults.length > 0) process.exitCode = 1;
}
