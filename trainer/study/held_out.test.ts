import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { targetText } from "#shared/problems/synthetic.ts";
import type { GenerationRequest, SampleOptions } from "../learner/policy.ts";
import { EOS, ScriptedSampler, tinyRecipe, tinyTokenizer } from "../loop/testing.ts";
import { finalTest, testQuestions } from "./held_out.ts";

const SPEC = {
  families: ["chain" as const, "gcd" as const],
  levels: [1, 4],
  count: 3,
  problems_seed: 5,
  hint_ratio: 0.5,
};

describe("testQuestions()", () => {
  it("asks every problem without a hint, and with one where that shows a step", () => {
    const questions = testQuestions(SPEC);
    const cells = questions.map(({ family, level, hint_ratio }) => `${family} ${level} ${hint_ratio}`);
    assert.deepEqual([...new Set(cells)], [
      "chain 1 0",
      "chain 4 0",
      "chain 4 0.5",
      "gcd 1 0",
      "gcd 4 0",
      "gcd 4 0.5",
    ]);
    const hinted = questions.filter(({ hint }) => hint !== "");
    for (const { problem, hint } of hinted) assert.equal(hint, problem.trace!.steps.slice(0, 2).join(""));
    assert.deepEqual(testQuestions(SPEC), questions);
  });
});

describe("finalTest()", () => {
  it("grades answer and trace of greedy answers, a hinted one behind its hint", async () => {
    const byText = new Map(testQuestions(SPEC).map(({ problem }) => [problem.text, problem]));
    let greedy = true;
    class Watched extends ScriptedSampler {
      override generate(requests: readonly GenerationRequest[], options: SampleOptions) {
        greedy &&= options.greedy;
        return super.generate(requests, options);
      }
    }
    // Chain: right from first to last. Gcd: the answer alone.
    const sampler = new Watched((question, hint) => {
      const problem = byText.get(question)!;
      const whole = targetText(problem)!;
      return problem.source === "chain" ? whole.slice(hint.length) : `####${problem.answer}`;
    });
    const recipe = tinyRecipe({ reward: { preset: "strict" }, generation: { max_completion_length: 80 } });
    const cells = await finalTest(SPEC, recipe, { sampler, tokenizer: tinyTokenizer, eosIds: [EOS] });
    assert.ok(greedy);
    assert.deepEqual(cells.map((c) => `${c.family} ${c.level} ${c.hint_ratio} ${c.right} ${c.traced}`), [
      "chain 1 0 111 111",
      "chain 4 0 111 111",
      "chain 4 0.5 111 111",
      "gcd 1 0 111 000",
      "gcd 4 0 111 000",
      "gcd 4 0.5 111 000",
    ]);
  });
});
