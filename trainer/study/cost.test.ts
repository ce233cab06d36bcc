import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { tinyRecipe } from "../loop/testing.ts";
import { estimateRun, evaluationCost, lengthsOf, renderCost } from "./cost.ts";

const facts = {
  parameters: 1e6,
  lengths: { prompt: 10, completion: 20 },
  tokenBudget: null,
  testProblems: 0,
};
const recipe = (settings: Record<string, Record<string, unknown> | string> = {}) =>
  tinyRecipe({ train: { max_steps: 10, prompts_per_step: 8 }, algorithm: "grpo", ...settings });

describe("estimateRun()", () => {
  it("counts sampled and learned tokens", () => {
    // 10 steps x 8 prompts x 4 completions x 20 tokens; half of them, with their prompts, are learned from.
    const sampled = 6400;
    const expected = 1e6 * (2 * sampled + 6 * 0.5 * sampled * 1.5) / 1e12;
    assert.ok(Math.abs(estimateRun(recipe(), facts) - expected) < 1e-12);
  });

  it("stops at the token budget and adds GHPO's further rounds", () => {
    const whole = estimateRun(recipe(), facts);
    assert.ok(Math.abs(estimateRun(recipe(), { ...facts, tokenBudget: 3200 }) - whole / 2) < 1e-12);
    assert.ok(estimateRun(recipe({ algorithm: "ghpo" }), facts) > whole);
  });
});

describe("evaluationCost()", () => {
  it("counts the evaluation before the first step and the final test", () => {
    const evaluated = recipe({ eval: { eval_every: 5, benchmarks: ["chain"], count: 100 } });
    const cost = evaluationCost(evaluated, 10, { ...facts, testProblems: 50 });
    assert.ok(Math.abs(cost - 1e6 * 2 * (3 * 100 + 50) * 30 / 1e12) < 1e-12);
  });
});

describe("lengthsOf()", () => {
  it("is the mean over problems of question and of trace with answer", () => {
    const problem = (text: string, trace: string, answer: string) => ({
      id: text,
      text,
      answer,
      trace: { text: trace, steps: [trace] },
      level: 1,
      source: "s",
    });
    const problems = [problem("ab", "abcd", "1"), problem("abcd", "ab", "1")];
    assert.deepEqual(lengthsOf(problems, (text) => text.length), { prompt: 4, completion: 6 });
  });
});

describe("renderCost()", () => {
  it("sums up what is missing", () => {
    const costs = [{ arm: "grpo", done: 1, missing: 4, tflop: 0.5 }, {
      arm: "a",
      done: 5,
      missing: 0,
      tflop: 9,
    }];
    assert.match(renderCost(costs, 5, false), /grpo +1 +4 +0\.500/);
    assert.match(
      renderCost(costs, 5, false),
      /4 runs to do: 2\.00 TFLOP, 0\.11 hours at 5\.0 GFLOP\/s \(assumed/,
    );
  });
});
