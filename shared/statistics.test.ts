import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mean, quantile } from "./statistics.ts";

describe("mean()", () => {
  it("is the arithmetic mean, NaN of nothing", () => {
    assert.equal(mean([1, 2, 6]), 3);
    assert.equal(mean([]), NaN);
  });
});

describe("quantile()", () => {
  it("interpolates between the values on both sides", () => {
    assert.equal(quantile([1, 2, 3, 4], 0.5), 2.5);
    assert.equal(quantile([1, 2, 3, 4], 1), 4);
    assert.equal(quantile([7], 0.025), 7);
  });
});
