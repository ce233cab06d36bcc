// init run on files of our own making, and the proof of the recipe that it writes.

import { after } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { preflightOf } from "../../preflight/recipe.ts";
import { loadRecipe } from "../../run/recipe.ts";
import { type TrainRecipe, TrainRecipeSchema } from "../../run/train_recipe.ts";
import { initCommand } from "./init.ts";
import { writeAsciiModel } from "./models.testing.ts";
import { FILES } from "./testing.ts";

/** A folder to run init in. Call it at a test file's top level; the folder is removed after the tests of the file. */
export function initFolder() {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-init-"));
  after(() => rmSync(folder, { recursive: true }));
  const ascii = join(folder, "ascii");
  writeAsciiModel(ascii);
  return {
    folder,
    /** A model with the tokens that all files here can be written in. */
    ascii,
    /** Writes one of `FILES`. */
    made(name: string): string {
      const path = join(folder, name);
      writeFileSync(path, FILES[name]![0]);
      return path;
    },
    /** The recipe that init writes for the data and the model. */
    async written(data: string, model: string, options: Record<string, string> = {}): Promise<TrainRecipe> {
      const file = join(mkdtempSync(join(folder, "out-")), "mine.toml");
      await silently(() =>
        initCommand(file, { data, model, algorithm: "ghpo", steps: "10", json: true, ...options })
      );
      return loadRecipe(TrainRecipeSchema, file, []);
    },
  };
}

/** Without what it prints. */
export async function silently(work: () => Promise<void>): Promise<void> {
  const log = console.log;
  console.log = () => {};
  try {
    await work();
  } finally {
    console.log = log;
  }
}

/** Under the recipe, the reference solutions earn full marks; at most `most` problems are left out. */
export async function provesItself(recipe: TrainRecipe, most: number): Promise<void> {
  const { faults, reference, lengths, dropped, problems } = await preflightOf(recipe);
  assert.deepEqual(faults, []);
  assert.equal(reference!.full, problems.length);
  assert.deepEqual(lengths!.long_targets, []);
  assert.ok(dropped.length <= most);
}
