import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { RunData } from "./run_data.ts";
import { extraShare, meanOf, rescueRate, trainingTraced } from "./quantities.ts";

const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);

describe("quantities", () => {
  const metrics = {
    generated_tokens: [100, 200, 300, 400],
    "ghpo/rescue_rate/stage_1": [0.5, null, 0, 1],
    "ghpo/rescue_rate/stage_2": [0, null, 1, null],
    "ghpo/frac_stage_1": [0.2, 0, 0, 0.1],
    "ghpo/frac_stage_2": [0.2, 0, 0.1, 0],
    "ghpo/extra_generation_tokens": [20, 0, 10, 10],
    entropy: [1, null, 2, 3],
    "hard/right_plain": [4, 0, 2, 2],
    "hard/traced_plain": [1, 0, 1, 2],
    "hard/right_hinted": [0, 0, 0, 0],
    "hard/traced_hinted": [0, 0, 0, 0],
  };
  const guided = { metrics: new Map(Object.entries(metrics)) } as unknown as RunData;

  it("weighs the rescue rate of a step by the groups that were tried", () => {
    // Stage 1: half of 0.4, none of 0.1, all of 0.1.
    close(rescueRate(1)(guided)!, (0.2 + 0 + 0.1) / (0.4 + 0.1 + 0.1));
    close(rescueRate(2)(guided)!, 0.1 / 0.3);
    assert.equal(rescueRate(3)(guided), null);
    close(rescueRate(1, -2)(guided)!, 0.1 / (0.1 + 0.1)); // the last two steps alone
  });

  it("leaves out steps at which a metric has no meaning", () => {
    assert.equal(meanOf("entropy")(guided), 2);
    assert.equal(meanOf("entropy", -2)(guided), 2.5);
    assert.equal(meanOf("none")(guided), null);
  });

  it("relates right traces to right answers of some steps", () => {
    close(trainingTraced("plain")(guided)!, 0.5);
    close(trainingTraced("plain", 0, 2)(guided)!, 0.25);
    close(trainingTraced("plain", -2)(guided)!, 0.75);
    assert.equal(trainingTraced("hinted")(guided), null);
  });

  it("relates extra tokens to all of them", () => close(extraShare(guided)!, 0.1));
});
