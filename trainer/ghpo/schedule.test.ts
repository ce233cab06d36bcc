import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { completionBudget, learningRate, shuffledIndex } from "./schedule.ts";

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
