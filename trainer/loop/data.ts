// The problems of a run: generated, or read from a file.

import { loadTaskFile, loadTrainingTask, readBenchmark } from "#shared/io/task_files.ts";
import { readProblems } from "#shared/io/problem_files.ts";
import { type ReadResult, requireAll, type RowError } from "#shared/problems/readers/rows.ts";
import { hashText } from "#shared/problems/rng.ts";
import { syntheticProblems } from "#shared/problems/synthetic.ts";
import { nearest } from "#shared/schemas/parse.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { benchmarks } from "#shared/tasks/index.ts";
import type { BenchmarkProblem } from "#shared/tasks/questions.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

/**
 * The training problems of a recipe.
 *
 * @param onSkip Told of the rows that data.skip_malformed leaves out.
 * @param onCopies Told how many rows ask what a row set apart by data.held_out asks; they are left out too.
 * @throws SyntaxError with file and line for a row that does not fit, unless such rows are left out.
 */
export async function trainingProblems(
  { data, seed }: Pick<TrainRecipe, "data" | "seed">,
  onSkip: (errors: readonly RowError[]) => void = () => {},
  onCopies: (rows: number) => void = () => {},
): Promise<Problem[]> {
  if (data.families.length === 0) {
    const { problems, errors } = await readRecipeData(data);
    if (errors.length > 0) onSkip(errors);
    const rest = withoutHeldOut(problems, data, seed);
    const copies = problems.length - rest.length - Math.min(data.held_out, problems.length);
    if (copies > 0) onCopies(copies);
    return rest;
  }
  const { families, levels, level_weights: levelWeights, count } = data;
  return syntheticProblems({ families, levels, levelWeights, count, seed, split: "train" });
}

/** The problems of a file that are trained on. Throws RangeError where data.held_out leaves none. */
function withoutHeldOut(
  problems: readonly Problem[],
  { held_out }: TrainRecipe["data"],
  seed: number,
): Problem[] {
  if (held_out === 0) return [...problems];
  const { rest } = split(problems, held_out, seed);
  if (rest.length > 0) return rest;
  throw new RangeError(
    `Cannot set data.held_out problems aside as there are only ${problems.length}: current value is ${held_out}`,
  );
}

async function readRecipeData(data: TrainRecipe["data"]): Promise<ReadResult> {
  if (data.benchmark !== null) {
    return { problems: await loadTrainingTask(data.benchmark, data.folder), errors: [] };
  }
  const result = await readProblems(data.path!, data.format, data.columns);
  if (data.skip_malformed && result.problems.length > 0) return result;
  return { problems: requireAll(result, String(data.path)), errors: [] };
}

/** What a recipe evaluates on: generated held-out problems, what data.held_out sets apart, and eval.tasks and eval.path. */
export interface EvaluationProblems {
  generated: Problem[];
  setApart: Problem[];
  file: Problem[];
}

/** As many problems of each benchmark as eval.count says; rows set apart are all taken. */
export async function evaluationProblems(
  { data, eval: evaluation, seed }: Pick<TrainRecipe, "data" | "eval" | "seed">,
): Promise<EvaluationProblems> {
  const { benchmarks, levels, count, problems_seed, path } = evaluation;
  const generated = benchmarks.flatMap((family) =>
    syntheticProblems({ families: [family], levels, count, seed: problems_seed, split: "held_out" })
  );
  const all = data.held_out === 0 ? [] : (await readRecipeData(data)).problems;
  const setApart = all.length === 0 ? [] : split(all, data.held_out, seed).setApart;
  let file: Problem[] = [];
  if (path !== null) {
    const { format = data.format, columns = data.columns } = evaluation;
    const problems = requireAll(
      await readProblems(path, format ?? data.format, columns ?? data.columns),
      String(path),
    );
    file = split(problems, count, problems_seed).setApart;
  }
  for (const task of evaluation.tasks) {
    file.push(...split(await taskProblems(task, data.folder), count, problems_seed).setApart);
  }
  return { generated, setApart, file };
}

/** The problems of a published benchmark or a task file. Throws RangeError for what the accuracy reward cannot judge. */
async function taskProblems(nameOrFile: string, folder: string): Promise<Problem[]> {
  let source = nameOrFile;
  let questions: readonly BenchmarkProblem[];
  if (nameOrFile.endsWith(".toml")) ({ name: source, problems: questions } = await loadTaskFile(nameOrFile));
  else {
    const benchmark = benchmarks.find(({ name }) => name === nameOrFile);
    if (benchmark === undefined) {
      const near = nearest(nameOrFile, benchmarks.map(({ name }) => name));
      throw new RangeError(
        `Cannot evaluate on ${nameOrFile} as it is neither a benchmark nor a task file (.toml): the nearest is ${near}`,
      );
    }
    questions = await readBenchmark(benchmark, { data: folder });
  }
  if (questions.some(({ choices }) => choices !== undefined)) {
    throw new RangeError(`Cannot evaluate on ${nameOrFile} in the loop as its questions are multiple choice`);
  }
  return questions.map(({ id, text, answer, level }) => ({
    id,
    text,
    answer,
    trace: null,
    level: typeof level === "number" ? level : null,
    source,
  }));
}

/**
 * Sets problems apart by a hash of their text, whatever their order, so that no text is on both sides. Of those with
 * one text the first is set apart and the others are in neither part.
 */
function split(
  problems: readonly Problem[],
  count: number,
  seed: number,
): { rest: Problem[]; setApart: Problem[] } {
  const keys = problems.map(({ text }) => text.toLowerCase().replace(/\s+/g, " "));
  const ranks = new Map(keys.map((key) => [key, hashText(`${seed} ${key}`)]));
  const chosen = new Set(
    [...ranks].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1)).slice(0, count).map(([key]) => key),
  );
  const taken = new Set<string>();
  const setApart = problems.filter((_, i) => {
    const key = keys[i]!;
    if (!chosen.has(key) || taken.has(key)) return false;
    taken.add(key);
    return true;
  });
  return { rest: problems.filter((_, i) => !chosen.has(keys[i]!)), setApart };
}
