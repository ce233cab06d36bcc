import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { Problem } from "#shared/schemas/problem.ts";
import { parse } from "#shared/schemas/parse.ts";
import { type TrainRecipe, TrainRecipeSchema } from "../../run/train_recipe.ts";
import { annealedRatio, controlledRatio } from "./constant_hint.ts";
import { nextStart } from "./ghpo.ts";
import { randomStage } from "./random_hint.ts";
import { STRATEGIES } from "./index.ts";
import type { AnyStrategy, Guidance } from "./types.ts";

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

const strategyOf = ({ algorithm }: TrainRecipe): AnyStrategy =>
  STRATEGIES.find(({ name }) => name === algorithm)!;

/** The guidance of a step; `state` is what the strategy remembers. */
function guidanceOf(step: number, r: TrainRecipe, state?: unknown): Guidance {
  const strategy = strategyOf(r);
  return strategy.next(step, state ?? strategy.begin(r), r);
}

describe("next()", () => {
  it("runs plain GRPO before the cold start ends and guides from exactly that step on", () => {
    const ghpo = recipe({ algorithm: "ghpo", ghpo: { cold_start_steps: 20 } });
    const plan = (step: number) => {
      const { ratios, escalate } = guidanceOf(step, ghpo);
      return { ratios, escalate };
    };
    assert.deepEqual(plan(19), { ratios: [], escalate: false });
    assert.deepEqual(plan(20), { ratios: [0.25, 0.5, 0.75], escalate: true });
  });

  it("takes the controller's ratio, or one that falls", () => {
    const constant = recipe({ algorithm: "grpo_constant_hint", baseline: { anneal_steps: 10 } });
    assert.deepEqual(guidanceOf(5, constant).ratios, [0.25]);
    assert.deepEqual(guidanceOf(5, constant, { hint_ratio: 0.6 }).ratios, [0.6]);
  });

  it("shows a constant hint on hard problems only, and none in the other baselines", () => {
    const constant = recipe({ algorithm: "grpo_constant_hint", baseline: { hard_from_level: 4 } });
    const { ratios, escalate, startStage } = guidanceOf(0, constant);
    assert.deepEqual([ratios, escalate], [[0.5], false]);
    assert.deepEqual([3, 4].map((level) => startStage(problem(level))), [0, 1]);
    for (const algorithm of ["grpo", "grpo_curriculum"]) {
      assert.deepEqual(guidanceOf(100, recipe({ algorithm })).ratios, []);
    }
  });
});

describe("startStage()", () => {
  const stage = (overrides: Record<string, unknown>, level: number, state?: unknown) =>
    guidanceOf(0, recipe(overrides), state).startStage(problem(level));

  it("is what the memory says, as long as there are such stages", () => {
    const ghpo = { algorithm: "ghpo", ghpo: { cold_start_steps: 0 } };
    assert.deepEqual([stage(ghpo, 4), stage(ghpo, 4, { stage_memory: { p4: 2 } })], [0, 2]);
    assert.equal(stage(ghpo, 4, { stage_memory: { p4: 9 } }), 3);
    assert.equal(stage({ algorithm: "grpo" }, 4, { stage_memory: { p4: 2 } }), 0);
  });

  it("is random at the rate of the recipe, easy problems included", () => {
    const always = { algorithm: "grpo_random_hint", baseline: { random_hint_rate: 1 } };
    assert.ok(stage(always, 1) > 0);
    assert.equal(stage({ ...always, baseline: { random_hint_rate: 0 } }, 5), 0);
  });
});

describe("pool()", () => {
  const problems = [1, 2, 3, 4, null].map(problem);
  const curriculum = recipe({ algorithm: "grpo_curriculum", train: { max_steps: 10 } });
  const ids = (step: number) => guidanceOf(step, curriculum).pool!(problems).map((p) => p.id);

  it("gives easy problems for the first share of the steps, then the hard ones alone", () => {
    assert.deepEqual(ids(3), ["p1", "p2", "pnull"]);
    assert.deepEqual(ids(4), ["p3", "p4"]);
    assert.equal(guidanceOf(4, recipe({})).pool, undefined);
  });

  it("names the setting when a part is empty", () => {
    assert.throws(
      () => guidanceOf(9, curriculum).pool!([problem(1)]),
      /no problem is hard: baseline.hard_from_level is 3/,
    );
  });
});

describe("observe()", () => {
  const outcome = (level: number, stage: number, accuracy: number | null) => ({
    problem: problem(level),
    stage,
    accuracy,
  });

  it("remembers stages for ghpo when asked to, and only after the cold start", () => {
    const r = recipe({ ghpo: { start_stage_memory: true, cold_start_steps: 5 } });
    const { observe, begin } = strategyOf(r);
    const drawn = [outcome(1, 3, 0.5), outcome(2, 0, 1)];
    assert.deepEqual(observe(begin(r), drawn, 4, r), { stage_memory: {} });
    const state = observe({ stage_memory: { p2: 1 } }, drawn, 5, r);
    assert.deepEqual(state, { stage_memory: { p1: 2 } });
    const forgets = recipe({ ghpo: { cold_start_steps: 0 } });
    assert.deepEqual(observe(begin(forgets), drawn, 5, forgets), { stage_memory: {} });
  });

  it("moves the constant hint's share by the accuracy of hard problems", () => {
    const r = recipe({ algorithm: "grpo_constant_hint", baseline: { controller_gain: 0.5 } });
    const { observe, begin } = strategyOf(r);
    const drawn = [outcome(1, 0, 0), outcome(3, 1, 1), outcome(5, 1, 0.5), outcome(4, 1, null)];
    assert.deepEqual(observe(begin(r), drawn, 0, r), { hint_ratio: 0.5 + 0.5 * (0.5 - 0.75) });
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

describe("randomStage()", () => {
  const stages = Array.from(
    { length: 4000 },
    (_, i) => randomStage({ id: `p${i}` }, 3, { seed: 1, rate: 0.3, stages: 3 }),
  );

  it("gives every stage a third of the rate", () => {
    for (const stage of [1, 2, 3]) {
      const share = stages.filter((s) => s === stage).length / stages.length;
      assert.ok(Math.abs(share - 0.1) < 4 * Math.sqrt(0.09 / 4000), `stage ${stage}: ${share}`);
    }
  });

  it("changes with the step and the seed and repeats itself", () => {
    const at = (step: number, seed: number) =>
      stages.map((_, i) => randomStage({ id: `p${i}` }, step, { seed, rate: 0.3, stages: 3 }));
    assert.deepEqual(at(3, 1), stages);
    assert.notDeepEqual(at(4, 1), stages);
    assert.notDeepEqual(at(3, 2), stages);
  });
});

describe("annealedRatio()", () => {
  it("falls linearly to 0 and stays there", () => {
    const at = (step: number) => annealedRatio(step, { constant_hint_ratio: 0.75, anneal_steps: 30 });
    assert.deepEqual([at(0), at(10), at(30), at(99)], [0.75, 0.5, 0, 0]);
  });

  it("is constant without annealing", () => {
    assert.equal(annealedRatio(99, { constant_hint_ratio: 0.5, anneal_steps: 0 }), 0.5);
  });
});

describe("controlledRatio()", () => {
  const o = { controller_gain: 0.5, controller_target: 0.5 };

  it("shows less above the target and more below it, within 0 and 1", () => {
    assert.equal(controlledRatio(0.5, 0.75, o), 0.375);
    assert.equal(controlledRatio(0.5, 0.25, o), 0.625);
    assert.equal(controlledRatio(0.1, 1, o), 0);
    assert.equal(controlledRatio(0.9, 0, o), 1);
  });

  it("stays where it is at the target and without a hard group", () => {
    assert.equal(controlledRatio(0.3, 0.5, o), 0.3);
    assert.equal(controlledRatio(0.3, null, o), 0.3);
  });

  it("settles where the model is right half of the time", () => {
    let ratio = 0;
    for (let step = 0; step < 100; step++) ratio = controlledRatio(ratio, 0.8 * ratio, o); // right 0.8 of the ratio
    assert.ok(Math.abs(ratio - 0.625) < 1e-6, `${ratio}`);
  });
});
