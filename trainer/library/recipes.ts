// The recipe of a program that imports ghpo: a file or an object, optionally with problems from memory. These are
// written into the run's directory and read from there as from any file, so that the run can be resumed, checked and
// looked at like every other.

import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type * as v from "valibot";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { makeDirectory, removeEmpty } from "#shared/io/files.ts";
import { loadRecipe, resolveRecipe } from "../run/recipe.ts";

/** A problem as a program hands it in. Other keys are kept and shown to reward functions as `problem.columns`. */
export interface ProblemInput {
  /** Unique; its place in the list where it is missing. */
  id?: string;
  text: string;
  /** What the accuracy reward compares with. */
  answer: string | number;
  /** A worked solution, from which hints are cut. */
  solution?: string;
  /** Difficulty, a whole number. */
  level?: number;
  [column: string]: unknown;
}

/** The part of a recipe that must be there; every other setting has its default. */
export interface RecipeInput {
  /** Directory of the model to start from. */
  model: string;
  output_dir: string;
  [setting: string]: unknown;
}

const FILE = "problems.jsonl";
const COLUMNS = { id: "id", text: "text", answer: "answer", trace: "solution", level: "level" };

/** The resolved recipe. Throws one sentence for a setting that is not known or out of its range. */
export function recipeFrom<const S extends v.GenericSchema>(
  schema: S,
  recipe: string | RecipeInput,
  problems: readonly ProblemInput[] | undefined,
): v.InferOutput<S> {
  if (typeof recipe === "string") {
    if (problems === undefined) return loadRecipe(schema, recipe, []);
    throw new TypeError(
      "Cannot combine problems with a recipe file: give the recipe as an object, or set data.path in the file",
    );
  }
  if (problems === undefined) return resolveRecipe(schema, structuredClone(recipe), "the recipe");
  const path = join(recipe.output_dir, FILE);
  const data = { ...Object(recipe["data"]), path, format: "jsonl", columns: COLUMNS };
  return resolveRecipe(schema, structuredClone({ ...recipe, data }), "the recipe");
}

/**
 * Runs a recipe with its problems in the run's directory. What was written is taken away again where the run fails
 * before it has begun.
 */
export async function withProblems<T>(
  folder: string,
  problems: readonly ProblemInput[] | undefined,
  run: () => Promise<T>,
): Promise<T> {
  if (problems === undefined) return await run();
  const wasThere = existsSync(join(folder, FILE));
  const made = writeProblems(folder, problems);
  try {
    return await run();
  } catch (error) {
    if (!wasThere && !existsSync(join(folder, "recipe.toml"))) {
      rmSync(join(folder, FILE), { force: true });
      if (made !== undefined) removeEmpty(resolve(folder), resolve(made));
    }
    throw error;
  }
}

/** The first directory that had to be made for it, if any. */
function writeProblems(folder: string, problems: readonly ProblemInput[]): string | undefined {
  const path = join(folder, FILE);
  const text = problems.map((problem, i) => `${JSON.stringify({ id: `problem:${i + 1}`, ...problem })}\n`)
    .join("");
  if (existsSync(join(folder, "recipe.toml"))) {
    if (readFileSync(path, "utf8") === text) return undefined;
    throw new Error(
      `Cannot resume ${folder} as its problems must be those that it began with: some are different now`,
    );
  }
  const made = makeDirectory(folder);
  writeFileAtomic(path, text);
  return made;
}
