import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import type { Override } from "./flags.ts";
import { formatRecipe, loadRecipe } from "./recipe.ts";
import { recipeToRun } from "./recipe_to_run.ts";
import { TrainRecipeSchema } from "./train_recipe.ts";

const folder = mkdtempSync(join(tmpdir(), "ghpo-recipe-to-run-"));
after(() => rmSync(folder, { recursive: true }));

/** The folder of a run as it was begun, then moved there. */
function runFolder(name: string, recipe: Record<string, unknown>): string {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, "recipe.toml"), formatRecipe(recipe));
  return path;
}

const started = (output_dir: string): Override[] => [["output_dir", output_dir], ["train.max_steps", "7"]];
const run = runFolder("it's", loadRecipe(TrainRecipeSchema, "demo", started("runs/before")));
const sft = runFolder("sft", loadRecipe(SftRecipeSchema, "tiny-sft", [["seed", "5"]]));

describe("recipeToRun()", () => {
  it("continues the folder of a run by its recipe, with the flags of its start, where it is now", () => {
    const expected = loadRecipe(TrainRecipeSchema, "demo", started(run));
    assert.deepEqual(recipeToRun(TrainRecipeSchema, "train", run, true, []), expected);
    assert.deepEqual(recipeToRun(TrainRecipeSchema, "train", `${run}/`, true, []), expected);
    const longer = recipeToRun(TrainRecipeSchema, "train", run, true, [["max_steps", "9"]]);
    assert.deepEqual(longer, { ...expected, train: { ...expected.train, max_steps: 9 } });
    const tuned = recipeToRun(SftRecipeSchema, "sft", sft, true, []);
    assert.deepEqual(tuned, { ...loadRecipe(SftRecipeSchema, "tiny-sft", [["seed", "5"]]), output_dir: sft });
  });

  it("names the command to type where a folder is begun again, or continued by the other one", () => {
    const refused = (verb: "train" | "sft", path: string, resume: boolean, command: string) =>
      assert.throws(
        () => recipeToRun(verb === "sft" ? SftRecipeSchema : TrainRecipeSchema, verb, path, resume, []),
        new Error(
          `Cannot start a run from ${path} as it holds one: continue it with npm run -s ghpo -- ${command} --resume`,
        ),
      );
    refused("train", run, false, `train '${run.replace("'", "'\\''")}'`);
    refused("train", sft, true, `sft ${sft}`);
    refused("sft", sft, false, `sft ${sft}`);
  });

  it("says where to continue a run whose paths lead nowhere from here", () => {
    const begun = join(folder, "begun");
    mkdirSync(join(begun, "mine"), { recursive: true });
    const moved = runFolder("elsewhere", loadRecipe(TrainRecipeSchema, "demo", [["model", "mine"]]));
    const resume = () => recipeToRun(TrainRecipeSchema, "train", moved, true, []);
    writeFileSync(
      join(moved, "begun.json"),
      JSON.stringify({ begun_at: new Date().toISOString(), cwd: begun }),
    );
    assert.throws(
      resume,
      new Error(
        `Cannot continue ${moved} from here as its mine is relative to the folder that it was begun in: cd ${begun} first`,
      ),
    );
    rmSync(join(begun, "mine"), { recursive: true }); // gone there, too: training says so
    assert.equal(resume().model, "mine");
  });

  it("continues a run nowhere else, and says what a folder without a run lacks", () => {
    assert.throws(
      () => recipeToRun(TrainRecipeSchema, "train", run, true, [["output_dir", "runs/other"]]),
      /Cannot continue .*it's with --output_dir runs\/other as a run goes on in its own folder/,
    );
    assert.throws(
      () => recipeToRun(TrainRecipeSchema, "train", folder, true, []),
      /Cannot read .* as it is a folder without a recipe\.toml: give a recipe, or with --resume/,
    );
    // A recipe of the project, and a path, are read as ever.
    assert.deepEqual(
      recipeToRun(TrainRecipeSchema, "train", "demo", true, started("runs/x")),
      loadRecipe(TrainRecipeSchema, "demo", started("runs/x")),
    );
    assert.equal(
      recipeToRun(TrainRecipeSchema, "train", join(run, "recipe.toml"), true, []).train.max_steps,
      7,
    );
  });
});
