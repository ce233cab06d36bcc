import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { forest } from "./forest.ts";

const labels = { title: "t", xLabel: "points" };

describe("forest()", () => {
  it("puts means and intervals where they belong, in points", () => {
    const svg = forest([{ name: "a", estimate: { mean: 0.05, low: 0, high: 0.1, n: 3 } }], labels);
    // The axis runs from 0 to 10 points between 400 and 790.
    assert.match(svg, /<line x1="400" x2="790" y1="47"/);
    assert.match(svg, /<circle cx="595"/);
    assert.match(svg, /\+5\.0 \[\+0\.0, \+10\.0\]/);
  });

  it("colours what excludes 0 and only that", () => {
    const row = (low: number, high: number) => ({ name: "a", estimate: { mean: 0.02, low, high, n: 3 } });
    assert.match(forest([row(0.01, 0.03)], labels), /#0072b2/);
    assert.doesNotMatch(forest([row(-0.01, 0.05)], labels), /#0072b2/);
  });

  it("draws a single seed as a dot without an interval", () => {
    const svg = forest([{ name: "a < b", estimate: { mean: -0.1, low: null, high: null, n: 1 } }], labels);
    assert.match(svg, /a &lt; b/);
    assert.doesNotMatch(svg, /NaN|null/);
  });
});
