import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Pair, pairs } from "./generate/pairs.ts";
import process from "node:process";
import { checkGold, equivalence, equivalent, verify } from "../mod.ts";
import { setting } from "./outside.ts";
import { verdictDigest } from "./digest.ts";

const count = setting("GHPO_VERIFY_PAIRS", 1000);
const sample = (n: number, seed: number): Pair[] => [...pairs(n, seed)];
const verdictOf = (pair: Pair): boolean | "undecided" | null =>
  verify(pair.a, pair.b, "report", { bare: true }).verdict;

describe(`${count} generated pairs (GHPO_VERIFY_PAIRS)`, () => {
  it("finds at least 99.5 % of the rewritten ones equal, none of the perturbed ones, and decides 99 % of these", () => {
    const tally = { equal: 0, found: 0, perturbed: 0, refuted: 0 };
    for (const pair of pairs(count, 11)) {
      const verdict = verdictOf(pair);
      if (pair.equal) {
        tally.equal++;
        if (verdict === true) tally.found++;
      } else {
        tally.perturbed++;
        if (verdict === false) tally.refuted++;
        assert.notEqual(verdict, true, `${pair.a} is not ${pair.b}`);
      }
    }
    assert.ok(tally.found >= 0.995 * tally.equal, JSON.stringify(tally));
    assert.ok(tally.refuted >= 0.99 * tally.perturbed, JSON.stringify(tally));
  });
});

describe("properties", () => {
  it("is reflexive without comparing texts", () => {
    for (const { a } of sample(300, 3)) assert.equal(checkGold(a).verdict, true, a);
  });

  it("gives majority votes the same answers as one comparison at a time", () => {
    const texts = sample(16, 6).flatMap(({ a, b }) => [a, b]).concat(
      "1/3",
      "0.33333",
      "0.3333",
      "5 \\text{ m}",
      "x = 5",
      "1,234",
      "50\\%",
      "0.5",
    );
    for (const preset of ["report", "strict", "qwen"] as const) {
      const same = equivalence(preset);
      for (const a of texts) {
        for (const b of texts) assert.equal(same(a, b), equivalent(a, b, preset), `${a} | ${b}`);
      }
    }
  });

  it("compares the votes of 1,000 completions in a moment", () => {
    const same = equivalence("report");
    const votes = Array.from({ length: 1000 }, (_, i) => `\\frac{${i * 3 + 1}}{${i % 7 + 2}}`);
    const start = process.cpuUsage();
    const leaders: string[] = [];
    for (const vote of votes) if (!leaders.some((other) => same(other, vote))) leaders.push(vote);
    const { user } = process.cpuUsage(start);
    assert.ok(leaders.length > 800 && user < 2e6, `${leaders.length} groups in ${user / 1e6} s`);
  });

  it("is symmetric on values, lists, sets, tuples and matrices", () => {
    for (const { a, b, kind } of sample(300, 4)) {
      if (kind !== "equation") assert.equal(equivalent(a, b), equivalent(b, a), `${a} | ${b}`);
    }
  });

  const rewrites: [string, (text: string) => string][] = [
    [
      "white space",
      (text) => text.replaceAll("+", " + ").replaceAll("=", " =\n ").replaceAll(/\{(?!,)/g, "{ "),
    ],
    ["\\left and \\right", (text) => text.replaceAll("\\left", "").replaceAll("\\right", "")],
    ["\\dfrac and \\tfrac", (text) => text.replaceAll("\\dfrac", "\\frac").replaceAll("\\tfrac", "\\frac")],
    ["redundant braces", (text) => `{${text}}`],
    ["dollar signs", (text) => `$${text}$`],
    ["a full stop", (text) => `${text}.`],
    ["\\displaystyle and \\,", (text) => `\\displaystyle ${text}\\,`],
    ["\\cdot for \\times", (text) => text.replaceAll("\\times", "\\cdot")],
  ];
  for (const [name, rewrite] of rewrites) {
    it(`does not depend on ${name}`, () => {
      for (const pair of sample(150, 5)) {
        assert.equal(verdictOf({ ...pair, b: rewrite(pair.b) }), verdictOf(pair), rewrite(pair.b));
      }
    });
  }

  it("does not depend on units of presentation", () => {
    const numbers = ["42", "-3.5", "\\frac{7}{3}", "1{,}250", "2\\sqrt{3}"];
    const units = [
      "\\text{ cm}",
      "\\text{ cm}^2",
      "\\mathrm{~kg}",
      " \\text{ apples}",
      "^\\circ",
      "\\ \\text{dollars}",
      "\\text{ m/s}",
    ];
    for (const number of numbers) {
      for (const unit of units) {
        assert.equal(verify(number, `\\boxed{${number}${unit}}`).verdict, true, `${number}${unit}`);
      }
    }
  });

  it("tells known units of one kind apart", () => {
    assert.equal(equivalent("5\\text{ m}", "500\\text{ cm}"), true);
    assert.equal(equivalent("5\\text{ m}", "5\\text{ cm}"), false);
    assert.equal(equivalent("5\\text{ m}", "5\\text{ kg}"), false);
  });
});

describe("runtimes", () => {
  it("give the same verdicts, tiers, reasons and fuel everywhere", () => {
    // Update after a change of the verifier; shared/verify/testing/tools/runtimes.ts compares all four runtimes.
    assert.equal(verdictDigest(100), "f749a42a");
  });
});
