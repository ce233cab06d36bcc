// The problems of a recipe: generated ones, or a data file in any of the formats that it can name.

import { basename } from "node:path";
import { readGsm8k } from "#shared/problems/readers/gsm8k.ts";
import { readMath } from "#shared/problems/readers/math.ts";
import { jsonRows, type ReadResult, requireAll } from "#shared/problems/readers/rows.ts";
import { type Columns, readTable } from "#shared/problems/readers/table.ts";
import { syntheticProblems } from "#shared/problems/synthetic.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { TrainRecipe } from "#shared/schemas/recipe.ts";
import { readText } from "./files.ts";
import { readParquet } from "./parquet.ts";

export type DataFormat = "gsm8k" | "math" | "jsonl" | "parquet";

/** Reads a data file. Rows that do not fit are in `errors`; `requireAll` makes them fatal. */
export async function readProblems(path: string, format: DataFormat, columns: Columns): Promise<ReadResult> {
  const source = basename(path).replace(/\.[^.]+$/, "");
  if (format === "parquet") return readTable(await readParquet(path), columns, source);
  const text = readText(path);
  if (format === "gsm8k") return readGsm8k(text, source);
  if (format === "math") return readMath(text, source);
  return readTable(jsonRows(text), columns, source);
}

/** The training problems of a recipe, in file order. Throws one sentence for the first row that does not fit. */
export async function recipeProblems(data: TrainRecipe["data"], seed: number): Promise<Problem[]> {
  if (data.path !== null) {
    return requireAll(await readProblems(data.path, data.format, data.columns), data.path);
  }
  const { families, levels, level_weights: levelWeights, count } = data;
  return syntheticProblems({ families, levels, levelWeights, count, seed, split: "train" });
}
