import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Random } from "./rng.ts";
import { splitLines, splitSentences, splitSteps } from "./steps.ts";

describe("splitSteps()", () => {
  it("takes lines where there are some, else sentences; each keeps its white space", () => {
    assert.deepEqual(splitSteps("A is 1. B is 2.\n\nC is 3.\n"), ["A is 1. B is 2.\n\n", "C is 3.\n"]);
    assert.deepEqual(splitSteps("A is 1.5 m. B is 2!  C"), ["A is 1.5 m. ", "B is 2!  ", "C"]);
    assert.deepEqual(splitSteps("one"), ["one"]);
    assert.deepEqual(splitSteps(""), []);
  });

  it("does not cut inside a formula or a figure", () => {
    assert.deepEqual(splitSentences("So $x = \\frac12. y$ holds. Then \\[a. b\\] ends. Done"), [
      "So $x = \\frac12. y$ holds. ",
      "Then \\[a. b\\] ends. ",
      "Done",
    ]);
    const align = "\\begin{align*}\na &= 1\\\\\nb &= 2\n\\end{align*}\n";
    assert.deepEqual(splitLines(`First\n${align}Last`), ["First\n", align, "Last"]);
    assert.deepEqual(splitLines("[asy]\ndraw();\n[/asy]\nend"), ["[asy]\ndraw();\n[/asy]\n", "end"]);
  });

  it("takes the dollars of a text without LaTeX for prices", () => {
    assert.deepEqual(splitLines("It costs $5.\nIt costs $6 more.\nSo $11."), [
      "It costs $5.\n",
      "It costs $6 more.\n",
      "So $11.",
    ]);
  });

  it("joins back to the text, whatever the text", () => {
    const random = new Random(1);
    const parts = [
      "a",
      ".",
      "! ",
      "\n",
      "\n\n",
      " ",
      "$",
      "\\x",
      "\\[",
      "\\]",
      "\\begin{a}",
      "\\end{a}",
      "é",
      "5",
      ". ",
      "\r\n",
    ];
    for (let i = 0; i < 3000; i++) {
      const text = Array.from({ length: random.between(1, 12) }, () => random.pick(parts)).join("");
      for (const split of [splitSteps, splitLines, splitSentences]) {
        const steps = split(text);
        assert.equal(steps.join(""), text, JSON.stringify(text));
        assert.ok(steps.every((step) => step !== ""));
      }
    }
  });
});
