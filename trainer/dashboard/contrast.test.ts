// The colours of the page against WCAG 2.2 AA: 4.5 to 1 for text, 3 to 1 for curves and the edges of controls.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const css = readFileSync(new URL("./page/page.css", import.meta.url), "utf8");
const tokens = new Map(
  [...css.matchAll(/--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)]
    .map(([, name, light, dark]) => [name!, { light: light!, dark: dark! }]),
);
const BACKGROUNDS = ["paper", "panel"];
const TEXT = ["ink", "soft", "right", "wrong", "unsure"];
const SERIES = Array.from({ length: 8 }, (_, i) => `series-${i + 1}`);
/** What is on what, and the least ratio. */
const PAIRS: [front: string, back: string, least: number][] = [
  ...BACKGROUNDS.flatMap((back) => TEXT.map((front) => [front, back, 4.5] as [string, string, number])),
  ["ink", "mark", 4.5],
  ["paper", "ink", 4.5], // messages
  ["series-2", "paper", 4.5], // badges
  ...SERIES.map((front) => [front, "paper", 3] as [string, string, number]),
  ["border", "paper", 3],
  ["border", "panel", 3],
  ["bar", "paper", 3], // focus, chosen tab
];

/** Relative luminance (WCAG 2.2). */
function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

describe("the page's colours", () => {
  it("are measured as WCAG measures them", () => {
    assert.equal(contrast("#000000", "#ffffff"), 21);
    assert.equal(contrast("#777777", "#ffffff").toFixed(2), "4.48");
  });

  for (const theme of ["light", "dark"] as const) {
    it(`have enough contrast, ${theme}`, () => {
      for (const [front, back, least] of PAIRS) {
        const ratio = contrast(tokens.get(front)![theme], tokens.get(back)![theme]);
        assert.ok(ratio >= least, `${front} on ${back}: ${ratio.toFixed(2)} of ${least}`);
      }
    });
  }
});
