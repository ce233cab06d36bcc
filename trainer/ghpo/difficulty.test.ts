import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { isDifficult, successRate } from "./difficulty.ts";

describe("isDifficult()", () => {
  it("is true only when every completion is wrong at the paper's threshold", () => {
    assert.equal(isDifficult([0, 0, 0, 0]), true);
    assert.equal(isDifficult([0, 0, 1, 0]), false);
    assert.equal(isDifficult([1, 1, 1, 1]), false);
  });

  it("never calls a group with an unverifiable gold difficult", () => {
    assert.equal(isDifficult([null, null]), false);
    assert.equal(isDifficult([0, NaN, 0]), false);
    assert.equal(isDifficult([0, null, 0], 1), false);
    assert.equal(isDifficult([]), false);
  });

  it("compares the success rate with a softer threshold, the threshold included", () => {
    const oneOfEight = [0, 0, 0, 1, 0, 0, 0, 0];
    assert.equal(isDifficult(oneOfEight, 0), false);
    assert.equal(isDifficult(oneOfEight, 1 / 8), true);
    assert.equal(isDifficult([1, 1, 0, 0, 0, 0, 0, 0], 1 / 8), false);
  });
});

describe("successRate()", () => {
  it("is the mean, or null where it has no meaning", () => {
    assert.equal(successRate([1, 0, 0, 1]), 0.5);
    assert.equal(successRate([1, null]), null);
  });
});
