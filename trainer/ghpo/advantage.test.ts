import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { combineRewards, groupAdvantages, moments } from "./advantage.ts";

const close = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 1e-12);

describe("groupAdvantages()", () => {
  it("is (reward - mean) / (sample std + 1e-4)", () => {
    const { values, std, zeroStd } = groupAdvantages([[1.5, 0.5, 0.5, 0.5]], "group");
    close(std[0]!, 0.5); // ddof = 1: sqrt((0.5625 + 3 * 0.0625) / 3)
    close(values[0]![0]!, 0.75 / 0.5001);
    close(values[0]![1]!, -0.25 / 0.5001);
    assert.deepEqual(zeroStd, [false]);
  });

  it("gives exact zeros, no NaN and no amplified rounding when all rewards are equal", () => {
    const third = 1 / 3; // its mean over 6 values rounds
    const { values, zeroStd } = groupAdvantages([[0, 0, 0], [1.5, 1.5, 1.5], Array(6).fill(third)], "group");
    assert.deepEqual(values, [[0, 0, 0], [0, 0, 0], Array(6).fill(0)]);
    assert.deepEqual(zeroStd, [true, true, true]);
  });

  it("is not zero when only the format reward differs in an all-wrong group", () => {
    const { values } = groupAdvantages([[0.5, 0, 0, 0.5]], "group");
    assert.ok(values[0]![0]! > 0.8 && values[0]![1]! < -0.8);
  });

  it("leaves a null reward out of the statistics and gives it advantage 0", () => {
    const { values } = groupAdvantages([[1, null, 0]], "group");
    close(values[0]![0]!, 0.5 / (Math.SQRT1_2 + 1e-4));
    assert.equal(values[0]![1], 0);
    assert.deepEqual(groupAdvantages([[null, null]], "group").values, [[0, 0]]);
    assert.deepEqual(groupAdvantages([[1, null]], "group").values, [[0, 0]]);
  });

  it("scales by the whole batch or not at all when told so", () => {
    const groups = [[1, 0], [3, 3]];
    close(groupAdvantages(groups, "batch").values[0]![0]!, 0.5 / (1.5 + 1e-4));
    close(groupAdvantages(groups, "none").values[0]![0]!, 0.5);
    assert.deepEqual(groupAdvantages(groups, "batch").values[1], [0, 0]);
  });

  it("gives a group of one completion advantage 0", () => {
    assert.deepEqual(groupAdvantages([[1]], "group").values, [[0]]);
  });
});

describe("combineRewards()", () => {
  it("sums the applicable rewards by weight, null when none applies", () => {
    assert.equal(combineRewards([1, 1], [1, 0.5]), 1.5);
    assert.equal(combineRewards([null, 1], [1, 0.5]), 0.5);
    assert.equal(combineRewards([null, NaN], [1, 0.5]), null);
  });
});

describe("moments()", () => {
  it("is defined for no values", () => {
    assert.deepEqual(moments([]), { mean: 0, std: 0, equal: true });
  });
});
