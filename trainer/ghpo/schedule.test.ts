import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { Problem } from "#shared/schemas/problem.ts";
import { parse } from "#shared/schemas/parse.ts";
import { type TrainRecipe, TrainRecipeSchema } from "#shared/schemas/recipe.ts";
import { learningRate, nextStart, planFor, poolFor, shuffledIndex } from "./schedule.ts";

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
    assert.deepEqual(planFor(19, ghpo), { ratios: [], escalate: false, hintedFromLevel: null });
    assert.deepEqual(planFor(20, ghpo), { ratios: [0.25, 0.5, 0.75], escalate: true, hintedFromLevel: null });
  });

  it("shows a constant hint on hard problems only, and none in the other baselines", () => {
    const constant = recipe({ algorithm: "grpo_constant_hint", baseline: { hard_from_level: 4 } });
    assert.deepEqual(planFor(0, constant), { ratios: [0.5], escalate: false, hintedFromLevel: 4 });
    for (const algorithm of ["grpo", "grpo_curriculum"]) {
      assert.deepEqual(planFor(100, recipe({ algorithm })).ratios, []);
    }
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

describe("nextStart()", () => {
  const base = { start_stage_memory: false, target_accuracy: 0, hint_stages: [0.25, 0.5, 0.75] };

  it("forgets as the paper does", () => {
    assert.equal(nextStart({ stage: 3, accuracy: 0 }, base), 0);
  });

  it("remembers one stage below the one that solved the problem, the last one when none did", () => {
    const memory = { ...base, start_stage_memory: true };
    assert.equal(nextStart({ stage: 2, accuracy: 0.5 }, memory), 1);
    assert.equal(nextStart({ stage: 0, accuracy: 1 }, memory), 0);
    assert.equal(nextStart({ stage: 3, accuracy: 0 }, memory), 3);
    assert.equal(nextStart({ stage: 2, accuracy: null }, memory), 0);
  });

  it("moves one stage a visit towards the target accuracy", () => {
    const target = { ...base, target_accuracy: 0.5 };
    assert.equal(nextStart({ stage: 0, accuracy: 0.25 }, target), 1);
    assert.equal(nextStart({ stage: 3, accuracy: 0 }, target), 3);
    assert.equal(nextStart({ stage: 2, accuracy: 0.5 }, target), 2);
    assert.equal(nextStart({ stage: 1, accuracy: 1 }, target), 0);
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
