import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { Problem } from "#shared/schemas/problem.ts";
import { cutCount, hintAt, leakOffset, roundHalfEven, splitTrace } from "./hint.ts";

function problem(steps: string[], answer: string, text = "What is it?"): Problem {
  return {
    id: "1",
    text,
    answer,
    trace: { text: steps.join(""), steps },
    level: steps.length,
    source: "test",
  };
}

const open = { cut: "step", leakGuard: false } as const;

describe("hintAt()", () => {
  const four = problem(["a=1;", "b=2;", "c=3;", "d=4"], "4");

  it("shows the first quarter, half and three quarters of the steps", () => {
    const hints = [0.25, 0.5, 0.75].map((ratio, k) => hintAt(four, k + 1, ratio, open).hint);
    assert.deepEqual(hints, ["a=1;", "a=1;b=2;", "a=1;b=2;c=3;"]);
  });

  it("is empty un-hinted, without a trace, and for a trace too short for the ratio", () => {
    assert.equal(hintAt(four, 0, 0.5, open).hint, "");
    assert.equal(hintAt({ ...four, trace: null }, 1, 0.5, open).hint, "");
    assert.equal(hintAt(problem(["a"], "4"), 3, 0.75, open).hint, "");
    assert.equal(hintAt(problem(["ab"], "4"), 1, 0.25, { ...open, cut: "character" }).hint, "");
  });

  it("follows the released code in character mode: Python's round over code points", () => {
    const trace = "x𝟚é=10"; // 6 code points, 7 UTF-16 units
    const p = problem([trace], "no");
    const cut = (ratio: number) => hintAt(p, 1, ratio, { ...open, cut: "character" }).hint;
    assert.equal(cut(0.25), "x𝟚"); // round(1.5) == 2
    assert.equal(cut(0.5), "x𝟚é");
    assert.equal(cut(0.75), "x𝟚é="); // round(4.5) == 4
  });

  it("cuts behind a sentence", () => {
    const p = problem(["Add 2.5 and 3. ", "That is 5.5! ", "Halve it.\n", "Done"], "2.75");
    assert.equal(hintAt(p, 2, 0.5, { ...open, cut: "sentence" }).hint, "Add 2.5 and 3. That is 5.5! ");
  });

  it("cuts between tokens and asks for the tokenizer by name", () => {
    const tokenPieces = (text: string) => text.match(/.{1,3}/gs)!;
    assert.equal(hintAt(four, 2, 0.5, { ...open, cut: "token", tokenPieces }).hint, "a=1;b=");
    assert.throws(() => hintAt(four, 2, 0.5, { ...open, cut: "token" }), /tokenizer is missing/);
  });

  it("keeps the final answer out at a unit boundary, and says that the cut would have shown it", () => {
    const early = problem(["4+5=9;", "9+5=14;", "so 12;", "14-2=12"], "12");
    assert.deepEqual(hintAt(early, 3, 0.75, open), {
      stage: 3,
      ratio: 0.75,
      cut: "step",
      hint: "4+5=9;9+5=14;so 12;",
      leak: true,
    });
    const guarded = hintAt(early, 3, 0.75, { ...open, leakGuard: true });
    assert.equal(guarded.hint, "4+5=9;9+5=14;");
    assert.equal(guarded.leak, true);
    assert.equal(hintAt(early, 2, 0.5, { ...open, leakGuard: true }).leak, false);
    const characters = hintAt(early, 3, 0.75, { cut: "character", leakGuard: true });
    assert.equal(characters.hint, "4+5=9;9+5=14;so ");
  });

  it("truncates a hint that is longer than the prompt budget, to the most that fits", () => {
    for (let budget = 0; budget <= 12; budget++) {
      const { hint } = hintAt(four, 3, 0.75, { ...open, fits: (h) => h.length <= budget });
      assert.equal(hint.length, Math.floor(budget / 4) * 4);
    }
  });
});

describe("cutCount()", () => {
  it("never shows the last step of a trace at a ratio below 1", () => {
    for (let steps = 1; steps <= 40; steps++) {
      for (const ratio of [0.25, 0.5, 0.75, 0.9]) assert.ok(cutCount(steps, ratio, "step") < steps);
    }
    assert.equal(cutCount(100, 0.29, "step"), 29); // 100 * 0.29 is 28.999999999999996
  });
});

describe("roundHalfEven()", () => {
  it("rounds as Python does", () => {
    assert.deepEqual([0.5, 1.5, 2.5, 2.4999, 2.51, 0].map(roundHalfEven), [0, 2, 2, 2, 3, 0]);
  });
});

describe("leakOffset()", () => {
  it("finds the answer as a whole value only", () => {
    assert.equal(leakOffset("7+5=12;", "12", "?"), 4);
    assert.equal(leakOffset("7+5=120;", "12", "?"), -1);
    assert.equal(leakOffset("x=12.5", "12", "?"), -1);
    assert.equal(leakOffset("It is 12.", "12", "?"), 6);
    assert.equal(leakOffset("30/18;5/3", "5/3", "?"), 6);
    assert.equal(leakOffset("5/30", "5/3", "?"), -1);
  });

  it("does not mind a value that the question already shows", () => {
    assert.equal(leakOffset("11-3=8;8/2", "3", "x*2+3=11"), -1);
  });

  it("always finds an answer marker", () => {
    assert.equal(leakOffset("so \\boxed{", "9", "9"), 3);
    assert.equal(leakOffset("a #### 9", "9", "9"), 2);
  });
});

describe("splitTrace()", () => {
  it("gives units that join to the trace again", () => {
    const text = "First. Second, 1.5 e.g.\n\nThird? Yes";
    for (const cut of ["character", "sentence", "token"] as const) {
      const units = splitTrace({ text, steps: [text] }, cut, (t) => t.split(/(?<=s)/));
      assert.equal(units.join(""), text);
    }
  });
});
