import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { chart, stacked, ticks } from "./plot.ts";

const point = (x: number, mean: number) => ({ x, mean, low: mean - 0.1, high: mean + 0.1 });

describe("chart()", () => {
  it("puts points where they belong", () => {
    const svg = chart([{ name: "a", points: [point(0, 0), point(10, 1)] }], {
      title: "t",
      xLabel: "x",
      percent: true,
    });
    // Left and bottom, then right and top of the plotting area.
    assert.match(svg, /<polyline points="56,296 626,34"/);
    assert.match(svg, />100 %<\/text>/);
  });

  it("leaves bands out where there is one seed, and lines without points", () => {
    const alone = { x: 1, mean: 0.5, low: null, high: null };
    const lines = [{ name: "one", points: [alone, { ...alone, x: 2 }] }, { name: "none", points: [] }];
    const svg = chart(lines, { title: "t", xLabel: "x" });
    assert.doesNotMatch(svg, /polygon|none<|NaN/);
  });

  it("gives a long name more room in the legend", () => {
    const line = (name: string) => ({ name, points: [point(1, 1)] });
    const long = "a name that is far too long for one third of the width";
    const svg = chart([line("a"), line(long), line("c")], { title: "t", xLabel: "x" });
    assert.match(svg, /<rect x="56" y="338"/);
    assert.match(svg, /<rect x="246" y="338"/); // the long one takes the other two thirds
    assert.match(svg, /<rect x="56" y="358"/); // and the third the next row
    assert.match(svg, /viewBox="0 0 640 380"/);
  });

  it("escapes what is written into it", () => {
    const svg = chart([{ name: 'a < b & "c"', points: [point(1, 1)] }], { title: "<t>", xLabel: "x" });
    assert.match(svg, /a &lt; b &amp; &quot;c&quot;/);
    assert.doesNotMatch(svg, /<t>/);
  });
});

describe("stacked()", () => {
  it("is as high as its charts together", () => {
    const one = chart([{ name: "a", points: [point(1, 1)] }], { title: "t", xLabel: "x" });
    assert.match(stacked([one, one]), /viewBox="0 0 640 720"/);
  });
});

describe("ticks()", () => {
  it("are round and end at or below the largest value", () => {
    assert.deepEqual(ticks(50), [0, 10, 20, 30, 40, 50]);
    assert.deepEqual(ticks(230_000), [0, 50_000, 100_000, 150_000, 200_000]);
    assert.deepEqual(ticks(0.9).map((tick) => tick.toFixed(1)), ["0.0", "0.2", "0.4", "0.6", "0.8"]);
  });
});
