// The problems of a run: generated, or read from a file.

import { readProblems } from "#shared/io/problem_files.ts";
import { requireAll, type RowError } from "#shared/problems/readers/rows.ts";
import { syntheticProblems } from "#shared/problems/synthetic.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

/**
 * The training problems of a recipe.
 *
 * @param onSkip Told of the rows that data.skip_malformed leaves out.
 * @throws SyntaxError with file and line for a row that does not fit, unless such rows are left out.
 */
export async function trainingProblems(
  { data, seed }: Pick<TrainRecipe, "data" | "seed">,
  onSkip: (errors: readonly RowError[]) => void = () => {},
): Promise<Problem[]> {
  if (data.path !== null) {
    const result = await readProblems(data.path, data.format, data.columns);
    if (data.skip_malformed && result.problems.length > 0) {
      if (result.errors.length > 0) onSkip(result.errors);
      return result.problems;
    }
    return requireAll(result, String(data.path));
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
