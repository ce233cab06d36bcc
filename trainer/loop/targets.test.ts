import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { syntheticProblems, targetText } from "#shared/problems/synthetic.ts";
import { parse } from "#shared/schemas/parse.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import { behind, sftFormat, targetOf } from "./targets.ts";

const problem = (text: string): Problem => ({
  id: "p",
  text: "What is 1+1?",
  answer: "2",
  trace: { text, steps: [text] },
  level: null,
  source: "file",
});

const formatFor = (system: string, answer_format = "auto") =>
  sftFormat(parse(
    SftRecipeSchema,
    {
      model: "m",
      output_dir: "o",
      data: { path: "p" },
      prompt: { system },
      sft: { phases: [{ steps: 1, learning_rate: 1 }], answer_format },
    },
    "recipe",
  ));

describe("targetOf()", () => {
  const marked = [
    "So $\\boxed{2}$.",
    "<think>\nadd\n</think>\n<answer>\n2\n</answer>",
    "Adding.\n#### 2",
    "1+1=2####2",
  ];

  it("leaves solutions that end in their answer as they are, where the prompt asks for nothing else", () => {
    for (const solution of marked) assert.equal(targetOf(problem(solution), formatFor("")), solution);
    assert.equal(targetOf(problem("Adding gives 2."), formatFor("")), "Adding gives 2.\n#### 2");
    for (const solution of [...marked, "Adding gives 2."]) {
      assert.equal(targetOf(problem(solution), formatFor("ghpo", "none")), solution);
    }
  });

  it("writes the answer as the prompt asks for it", () => {
    assert.equal(
      targetOf(problem("Adding gives 2."), formatFor("ghpo")),
      "<think>\nAdding gives 2.\n</think>\n<answer>\n2\n</answer>",
    );
    assert.equal(targetOf(problem(marked[1]!), formatFor("ghpo")), marked[1]);
    assert.equal(
      targetOf(problem("Adding gives 2."), formatFor("Answer in \\boxed{}.")),
      "Adding gives 2.\nThe answer is $\\boxed{2}$.",
    );
    assert.equal(targetOf(problem(marked[0]!), formatFor("Answer in \\boxed{}.")), marked[0]);
  });

  it("gives generated problems their own form, hints left out", () => {
    const [generated] = syntheticProblems({
      families: ["chain"],
      levels: [3],
      count: 1,
      seed: 1,
      split: "train",
    });
    const whole = targetText(generated!)!;
    for (const format of [formatFor(""), formatFor("ghpo", "hash"), formatFor("ghpo", "none")]) {
      assert.equal(targetOf(generated!, format), whole);
      assert.equal(targetOf(generated!, format, 4), whole.slice(4));
    }
  });

  it("does not repeat what the chat template begins the answer with", () => {
    assert.equal(behind("<think>\n", "<think>\nadd\n</think>"), "add\n</think>");
    assert.equal(behind("<think>\n", "1+1=2"), "1+1=2");
    assert.equal(behind("", "1+1=2"), "1+1=2");
  });

  it("is null without a solution", () => {
    assert.equal(targetOf({ ...problem("x"), trace: null }, "hash"), null);
  });
});
