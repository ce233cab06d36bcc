import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { accuracyReward, formatReward } from "#shared/verify/mod.ts";
import { ANSWER_FORMATS, formatAskedBy, formatOf, solutionIn } from "./answer_format.ts";
import { GHPO_SYSTEM_PROMPT } from "./prompts.ts";

describe("formatAskedBy()", () => {
  it("reads what a prompt asks for", () => {
    assert.equal(formatAskedBy(GHPO_SYSTEM_PROMPT), "think_answer");
    assert.equal(formatAskedBy("Put your final answer within \\boxed{}."), "boxed");
    assert.equal(formatAskedBy("End with #### and the number."), "hash");
    assert.equal(formatAskedBy("Think between <think> and </think>."), "think");
    assert.equal(formatAskedBy("Be brief."), null);
  });
});

describe("formatOf()", () => {
  const cases: [solution: string, format: string | null][] = [
    ["We add. So the answer is $\\boxed{2}$.", "boxed"],
    ["<think>\nadd\n</think>\n<answer>\n2\n</answer>", "think_answer"],
    ["Adding.\n#### 2", "hash"],
    ["1+1=2####2", "hash"],
    ["<think>add</think>\nIt is 2.", "think"],
    ["Adding gives 2.", null],
    ["#### Step 1\nAdding gives 2.", null],
    ["By \\boxed{1} we go on.\n\nSo it is 2.", null],
    ["<think>\\boxed{1}</think>\nIt is \\boxed{2}.", "boxed"],
    ["<think>add</think>", null],
  ];
  for (const [solution, format] of cases) {
    it(`${JSON.stringify(solution)} ends in ${format}`, () => assert.equal(formatOf(solution), format));
  }
});

describe("solutionIn()", () => {
  const solutions = ["1+1=2", "We add.\n1+1=2", "So $1+1=\\boxed{2}$.", "Add.\n#### 2", "Adding gives 2.\n"];
  for (const format of ANSWER_FORMATS) {
    it(`makes solutions that earn full marks as ${format}, and does not change its own`, () => {
      for (const solution of solutions) {
        const text = solutionIn(format, solution, "2");
        if (format === "think_answer" || format === "hash" || !/#|\\/.test(solution)) {
          assert.equal(formatOf(text), format, text);
        }
        assert.equal(accuracyReward("\\boxed{2}", text, "strict"), 1, text);
        if (format !== "boxed" && !(format === "hash" && /#|\\/.test(solution))) {
          assert.equal(formatReward(format, text), 1, text);
        }
        assert.equal(solutionIn(format, text, "2"), text);
        assert.ok(text.includes(solution.trim()));
      }
    });
  }

  it("leaves out what the prompt shows", () => {
    assert.equal(solutionIn("hash", "1+1=2;2+2=4", "4", 6), "2+2=4####4");
    assert.equal(solutionIn("hash", "Add. Then 4.", "4", 5), "Then 4.\n#### 4");
    assert.equal(solutionIn("boxed", "Add. It is \\boxed{4}.", "4", 5), "It is \\boxed{4}.");
  });
});
