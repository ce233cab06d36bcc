import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { planStudy, settings } from "./study_plan.ts";
import { tinyStudy } from "./testing.ts";

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

function plan(edit?: (text: string) => string) {
  const made = tinyStudy(edit);
  folders.push(made.folder);
  return made.plan;
}

describe("planStudy()", () => {
  it("makes one run of every arm and seed, with the settings of study and arm on top of the recipe", () => {
    const { runs } = plan((text) =>
      text.replace("[test]", "[set]\noptimizer = { adam_beta2 = 0.9 }\n[test]")
    );
    assert.deepEqual(runs.map((run) => run.id), ["grpo-seed1", "ghpo-seed1", "grpo-seed2", "ghpo-seed2"]);
    const [grpo, ghpo, next] = runs.map(({ recipe }) => recipe);
    assert.deepEqual([grpo!.algorithm, ghpo!.algorithm], ["grpo", "ghpo"]);
    // The recipe's own optimizer settings stay.
    assert.deepEqual([grpo!.optimizer.adam_beta2, grpo!.optimizer.learning_rate], [0.9, 2]);
    assert.deepEqual([grpo!.seed, next!.seed], [1, 2]);
    assert.equal(new Set(runs.map(({ recipe }) => recipe.output_dir)).size, 4);
  });

  it("names the arm and the key of a wrong setting", () => {
    assert.throws(
      () => plan((text) => text.replace("set.algorithm", "set.ghpo.hint_los")),
      /Cannot plan arm grpo of .*tiny\.toml: .*ghpo\.hint_los is unknown.*hint_loss/,
    );
  });

  it("refuses an unknown reference, a doubled arm and a trained family without a test", () => {
    const refuse = (from: string, to: string, message: RegExp) =>
      assert.throws(() => plan((text) => text.replace(from, to)), message);
    refuse('reference = "ghpo"', 'reference = "sft"', /every reference among its arms/);
    refuse('name = "grpo"', 'name = "ghpo"', /every arm once/);
    refuse('trained = ["chain"]', 'trained = ["linear"]', /every trained family among test\.families/);
    refuse("seeds", "seed", /key seed is unknown: the nearest known key is seeds/);
    refuse("seeds = ", "seeds ", /line \d+ is not TOML/);
  });

  it("plans every study of the repository", () => {
    for (const name of ["smoke", "headline", "ablations", "losses"]) {
      assert.ok(planStudy(`studies/${name}.toml`, "runs").runs.length > 0);
    }
  });
});

describe("settings()", () => {
  it("flattens tables into flags", () => {
    const table = { algorithm: "grpo", ghpo: { hint_stages: [0.5], memory: { on: true } } };
    assert.deepEqual(settings(table), [
      ["algorithm", '"grpo"'],
      ["ghpo.hint_stages", "[0.5]"],
      ["ghpo.memory.on", "true"],
    ]);
  });
});
