// The recipe of train and sft as it is named on the command line: a recipe, or with --resume the folder of a run, which
// goes on by its own recipe: that has all flags of its start in it, and the model and data by their paths.

import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type * as v from "valibot";
import { commandLine } from "./command_line.ts";
import type { Override } from "./flags.ts";
import { RunDirectory } from "./directory.ts";
import { isSftRecipe, loadRecipe } from "./recipe.ts";

/**
 * @param named a recipe or a run's folder
 * @throws Error where a run's folder is to be begun again, continued elsewhere, or by the other command
 */
export function recipeToRun<const S extends v.GenericSchema>(
  schema: S,
  verb: "train" | "sft",
  named: string,
  resume: boolean,
  overrides: readonly Override[],
): v.InferOutput<S> {
  const recipe = join(named, "recipe.toml");
  if (!existsSync(recipe)) {
    if (statSync(named, { throwIfNoEntry: false })?.isDirectory()) {
      throw new Error(
        `Cannot read ${named} as it is a folder without a recipe.toml: give a recipe, or with --resume the output_dir of a run`,
      );
    }
    return loadRecipe(schema, named, overrides);
  }
  const own = isSftRecipe(recipe) ? "sft" : "train";
  if (own !== verb || !resume) {
    throw new Error(
      `Cannot start a run from ${named} as it holds one: continue it with ${
        commandLine(own, named, ["--resume"])
      }`,
    );
  }
  const elsewhere = overrides.find(([key]) => key === "output_dir");
  if (elsewhere !== undefined) {
    throw new Error(
      `Cannot continue ${named} with --output_dir ${
        elsewhere[1]
      } as a run goes on in its own folder: leave the flag out`,
    );
  }
  const loaded = loadRecipe(schema, recipe, [...overrides, ["output_dir", JSON.stringify(dirname(recipe))]]);
  requirePlace(named, loaded as Paths);
  return loaded;
}

interface Paths {
  model: string;
  data: { path: string | string[] | null };
}

/** Says where to continue a run whose relative paths lead nowhere from here. */
function requirePlace(named: string, { model, data: { path } }: Paths): void {
  const place = new RunDirectory(named).begunIn();
  if (place === null) return;
  for (const each of [model, path ?? []].flat()) {
    if (existsSync(each) || !existsSync(resolve(place, each))) continue;
    throw new Error(
      `Cannot continue ${named} from here as its ${each} is relative to the folder that it was begun in: cd ${place} first`,
    );
  }
}
