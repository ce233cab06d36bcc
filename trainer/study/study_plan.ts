// From a study's file to its list of runs, each with a resolved recipe and the place of its data.

import { messageOf } from "#shared/text/format.ts";
import { basename, dirname, join } from "node:path";
import { readToml } from "#shared/io/toml.ts";
import { parse } from "#shared/schemas/parse.ts";
import { loadRecipe } from "../run/recipe.ts";
import type { Override } from "../run/flags.ts";
import { type Arm, type Study, StudySchema } from "./schema.ts";
import { type TrainRecipe, TrainRecipeSchema } from "../run/train_recipe.ts";

export interface Run {
  /** `ARM-seedN`: the name of the run's folder and of its data. */
  id: string;
  arm: Arm;
  seed: number;
  recipe: TrainRecipe;
  /** Where the compact data of the finished run is; the run is complete when this file exists. */
  data: string;
}

export interface StudyPlan {
  /** The file's name without .toml. */
  name: string;
  study: Study;
  /** Folder of the compact data, next to the study's file: `data/NAME`. */
  dataFolder: string;
  /** Seed by seed, so that after every round all arms have as many runs. */
  runs: Run[];
}

/** Reads a study and resolves the recipe of every run. Run directories go below `runsFolder`. */
export function planStudy(file: string, runsFolder: string): StudyPlan {
  const study = parse(StudySchema, readToml(file), file);
  const name = basename(file, ".toml");
  const dataFolder = join(dirname(file), "data", name);
  const runs = study.seeds.flatMap((seed) =>
    study.arms.map((arm): Run => {
      const id = `${arm.name}-seed${seed}`;
      const overrides: Override[] = [
        ...settings(study.set),
        ...settings(arm.set),
        ["seed", String(seed)],
        ["output_dir", JSON.stringify(join(runsFolder, name, id))],
      ];
      try {
        const recipe = loadRecipe(TrainRecipeSchema, study.recipe, overrides);
        return { id, arm, seed, recipe, data: join(dataFolder, `${id}.jsonl`) };
      } catch (cause) {
        const reason = messageOf(cause);
        throw new TypeError(`Cannot plan arm ${arm.name} of ${file}: ${reason}`, { cause });
      }
    })
  );
  return { name, study, dataFolder, runs };
}

/** The leaves of a table as dotted keys with TOML values, which is what flags are. */
export function settings(table: Record<string, unknown>, prefix = ""): Override[] {
  return Object.entries(table).flatMap(([key, value]): Override[] =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? settings(value as Record<string, unknown>, `${prefix}${key}.`)
      : [[prefix + key, JSON.stringify(value)]]
  );
}
