import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { annealedRatio, completionBudget, controlledRatio, nextStart, randomStage } from "./hint_schedule.ts";

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

describe("completionBudget()", () => {
  it("tightens geometrically from the first step to the last", () => {
    const at = (step: number) =>
      completionBudget(step, 5, { max_completion_length: 64, final_completion_length: 4 });
    assert.deepEqual([0, 1, 2, 3, 4].map(at), [64, 32, 16, 8, 4]);
  });

  it("stays without a final length", () => {
    assert.equal(completionBudget(3, 5, { max_completion_length: 64, final_completion_length: null }), 64);
  });
});
