// The problems of a run: generated, or read from a file.

import { readProblems } from "#shared/io/problem_files.ts";
import { requireAll } from "#shared/problems/readers/rows.ts";
import { syntheticProblems } from "#shared/problems/synthetic.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { TrainRecipe } from "#shared/schemas/recipe.ts";

/** The training problems of a recipe. Throws with file and line for a row that does not fit. */
export async function trainingProblems(
  { data, seed }: Pick<TrainRecipe, "data" | "seed">,
): Promise<Problem[]> {
  if (data.path !== null) {
    return requireAll(await readProblems(data.path, data.format, data.columns), data.path);
  }
  const { families, levels, level_weights: levelWeights, count } = data;
  return syntheticProblems({ families, levels, levelWeights, count, seed, split: "train" });
}

/** The held-out problems of the evaluation in the loop: as many of each benchmark. */
export function evaluationProblems(recipe: TrainRecipe["eval"]): Problem[] {
  const { benchmarks, levels, count, problems_seed: seed } = recipe;
  return benchmarks.flatMap((family) =>
    syntheticProblems({ families: [family], levels, count, seed, split: "held_out" })
  );
}
