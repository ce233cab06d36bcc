import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { DemoSummary } from "./summary.ts";
import { demoPage } from "./page.ts";
import { demoTable } from "./table.ts";

const summary: DemoSummary = {
  base_dir: "base",
  final_dir: "runs/demo/ghpo/checkpoints/step_000030",
  problems_seed: 5,
  families: [
    {
      family: "chain",
      trained: true,
      before: 0.4,
      before_interval_95: [0.33, 0.47],
      after: 0.7,
      after_interval_95: [0.63, 0.76],
      trace_before: 0.39,
      trace_after: 0.68,
      grpo: null,
    },
    {
      family: "gcd",
      trained: false,
      before: 0.05,
      before_interval_95: [0.01, 0.16],
      after: 0.05,
      after_interval_95: [0.01, 0.16],
      trace_before: 0,
      trace_after: 0,
      grpo: null,
    },
  ],
  average: { before: 0.4, after: 0.7, difference: 0.3, interval_95: [0.25, 0.35] },
  trace_average: { before: 0.39, after: 0.68 },
  hinted_groups: 12,
  rescued_groups: 7,
  steps: 30,
  generated_tokens: 1000,
  seconds: 60,
  over_grpo: null,
};

describe("demoTable()", () => {
  it("labels untrained families, gives intervals and says how the base was made", () => {
    const table = demoTable(summary);
    assert.match(table, /^chain +40\.0 \[33\.0, 47\.0\] +70\.0 \[63\.0, 76\.0\] +39\.0 +68\.0$/m);
    assert.match(table, /^gcd \(untrained\)/m);
    assert.match(table, /GHPO - base: \+30\.0 points, paired 95 % interval \[\+25\.0, \+35\.0\]/);
    assert.match(table, /12 groups were hinted and 7/);
    assert.match(table, /wrong result in most steps/);
    assert.doesNotMatch(table, /GRPO at/);
  });

  it("adds GRPO at equal generated tokens when it was run", () => {
    const over_grpo = {
      ...summary.average,
      difference: -0.02,
      interval_95: [-0.05, 0.01] as [number, number],
    };
    const families = summary.families.map((family) => ({ ...family, grpo: 0.6 }));
    const table = demoTable({
      ...summary,
      families,
      over_grpo: { ...over_grpo, grpo_dir: "g", generated_tokens: 990 },
    });
    assert.match(
      table,
      /GHPO - GRPO at 990 generated tokens: -2\.0 points, paired 95 % interval \[-5\.0, \+1\.0\]/,
    );
  });
});

describe("demoPage()", () => {
  it("is one file that needs nothing from outside, with its charts and an escaped example", () => {
    const metrics = [0, 1, 2].map((step) => ({
      step,
      time: step,
      "ghpo/frac_difficult": 0.5,
      eval_accuracy: 0.4 + step / 10,
    }));
    const example = {
      step: 1,
      prompt: "Compute 1 Hint: a<b;\nAnswer: ",
      guidance: { stage: 2, hint: "a<b;" },
      solved: "####1",
    };
    const page = demoPage(summary, metrics, metrics, example);
    assert.doesNotMatch(page, /<script|https?:|src=|@import/);
    assert.equal(page.match(/<svg /g)!.length, 3);
    assert.match(page, /<mark>a&lt;b;<\/mark>/);
    assert.match(page, /gcd <small>untrained<\/small>/);
    assert.doesNotMatch(page, /NaN|undefined|null/);
  });
});
