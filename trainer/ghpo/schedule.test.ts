import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { Problem } from "#shared/schemas/problem.ts";
import { parse } from "#shared/schemas/parse.ts";
import { type TrainRecipe, TrainRecipeSchema } from "#shared/schemas/recipe.ts";
import { learningRate, planFor, poolFor, shuffledIndex, startStage } from "./schedule.ts";

function recipe(overrides: Record<string, unknown>): TrainRecipe {
  return parse(
    TrainRecipeSchema,
    { model: "m", output_dir: "o", data: { path: "d" }, ...overrides },
    "recipe",
  );
}

const problem = (level: number | null): Problem => ({
  id: `p${level}`,
  text: "2+2",
  answer: "4",
  trace: null,
  level,
  source: "test",
});

describe("planFor()", () => {
  it("runs plain GRPO before the cold start ends and guides from exactly that step on", () => {
    const ghpo = recipe({ algorithm: "ghpo", ghpo: { cold_start_steps: 20 } });
    const start = { by: "memory" };
    assert.deepEqual(planFor(19, ghpo), { ratios: [], escalate: false, start });
    assert.deepEqual(planFor(20, ghpo), { ratios: [0.25, 0.5, 0.75], escalate: true, start });
  });

  it("takes the controller's ratio, or one that falls", () => {
    const constant = recipe({ algorithm: "grpo_constant_hint", baseline: { anneal_steps: 10 } });
    assert.deepEqual(planFor(5, constant).ratios, [0.25]);
    assert.deepEqual(planFor(5, constant, 0.6).ratios, [0.6]);
  });

  it("shows a constant hint on hard problems only, and none in the other baselines", () => {
    const constant = recipe({ algorithm: "grpo_constant_hint", baseline: { hard_from_level: 4 } });
    const start = { by: "level", from: 4 };
    assert.deepEqual(planFor(0, constant), { ratios: [0.5], escalate: false, start });
    for (const algorithm of ["grpo", "grpo_curriculum"]) {
      assert.deepEqual(planFor(100, recipe({ algorithm })).ratios, []);
    }
  });
});

describe("startStage()", () => {
  const stage = (overrides: Record<string, unknown>, level: number, memory: Record<string, number> = {}) =>
    startStage(planFor(0, recipe(overrides)), problem(level), 0, 1, memory);

  it("is 1 from the hard levels on, whatever is remembered", () => {
    const constant = { algorithm: "grpo_constant_hint", baseline: { hard_from_level: 4 } };
    assert.equal(stage(constant, 3, { p3: 1 }), 0);
    assert.equal(stage(constant, 4), 1);
  });

  it("is what the memory says, as long as there are such stages", () => {
    const ghpo = { algorithm: "ghpo", ghpo: { cold_start_steps: 0 } };
    assert.deepEqual([stage(ghpo, 4), stage(ghpo, 4, { p4: 2 })], [0, 2]);
    assert.equal(stage({ algorithm: "grpo" }, 4, { p4: 2 }), 0);
  });

  it("is random at the rate of the recipe, easy problems included", () => {
    const always = { algorithm: "grpo_random_hint", baseline: { random_hint_rate: 1 } };
    assert.ok(stage(always, 1) > 0);
    assert.equal(stage({ ...always, baseline: { random_hint_rate: 0 } }, 5), 0);
  });
});

describe("poolFor()", () => {
  const problems = [1, 2, 3, 4, null].map(problem);
  const curriculum = recipe({ algorithm: "grpo_curriculum", train: { max_steps: 10 } });
  const ids = (step: number) => poolFor(problems, step, curriculum).map((p) => p.id);

  it("gives easy problems for the first share of the steps, then the hard ones alone", () => {
    assert.deepEqual(ids(3), ["p1", "p2", "pnull"]);
    assert.deepEqual(ids(4), ["p3", "p4"]);
    assert.equal(poolFor(problems, 4, recipe({})).length, 5);
  });

  it("names the setting when a part is empty", () => {
    assert.throws(
      () => poolFor([problem(1)], 9, curriculum),
      /no problem is hard: baseline.hard_from_level is 3/,
    );
  });
});

describe("shuffledIndex()", () => {
  it("visits every problem once an epoch, in another order in the next one and with another seed", () => {
    const epoch = (e: number, seed: number) =>
      Array.from({ length: 50 }, (_, i) => shuffledIndex(e * 50 + i, 50, seed));
    assert.deepEqual(epoch(0, 1).toSorted((a, b) => a - b), [...Array(50).keys()]);
    assert.notDeepEqual(epoch(0, 1), epoch(1, 1));
    assert.notDeepEqual(epoch(0, 1), epoch(0, 2));
    assert.deepEqual(epoch(1, 1), epoch(1, 1));
  });

  it("keeps the order of the file without shuffling", () => {
    assert.equal(shuffledIndex(12, 10, 1, false), 2);
  });

  it("puts every problem into every place about equally often", () => {
    const counts = new Array<number>(4).fill(0);
    for (let e = 0; e < 4000; e++) counts[shuffledIndex(e * 4, 4, 9)]!++;
    for (const count of counts) assert.ok(Math.abs(count - 1000) < 4 * Math.sqrt(750), `${counts}`);
  });
});

describe("learningRate()", () => {
  const o = { lr_scheduler_type: "cosine" as const, warmup_ratio: 0.1, warmup_steps: 0, min_lr_ratio: 0 };

  it("warms up linearly and follows a cosine to 0", () => {
    assert.equal(learningRate(0, 100, 1, o), 0.1);
    assert.equal(learningRate(9, 100, 1, o), 1);
    assert.ok(Math.abs(learningRate(55, 100, 1, o) - 0.5) < 1e-12);
    assert.ok(learningRate(100, 100, 1, o) < 1e-12);
  });

  it("takes warm-up steps before the ratio, a constant rate, and a minimum", () => {
    assert.equal(learningRate(2, 100, 2, { ...o, warmup_steps: 4 }), 1.5);
    assert.equal(learningRate(90, 100, 2, { ...o, lr_scheduler_type: "constant" }), 2);
    assert.ok(Math.abs(learningRate(100, 100, 1, { ...o, min_lr_ratio: 0.05 }) - 0.05) < 1e-12);
  });
});
