import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { syntheticProblems, targetText } from "#shared/problems/synthetic.ts";
import type { Group } from "#shared/schemas/rollout.ts";
import { computeOf, stepFacts } from "./extract.ts";

const options = { families: ["chain" as const], count: 1, seed: 1, split: "train" as const };
const [hard] = syntheticProblems({ ...options, levels: [4] });
const [easy] = syntheticProblems({ ...options, levels: [1] });
const problems = new Map([hard!, easy!].map((problem) => [problem.id, problem]));

/** A group of two-token completions behind a three-token prompt. */
function group(
  problem_id: string,
  hint: string,
  texts: [text: string, accuracy: number, advantage: number][],
): Group {
  return {
    step: 1,
    problem_id,
    guidance: { stage: hint === "" ? 0 : 1, ratio: hint === "" ? 0 : 0.25, cut: "step", hint, leak: false },
    prompt: "",
    prompt_ids: [1, 2, 3],
    accuracy_unhinted: 0,
    policy_version: 0,
    completions: texts.map(([text, accuracy, advantage]) => ({
      ids: [1, 2],
      text,
      finish_reason: "stop",
      logprobs: [0, 0],
      rewards: { accuracy },
      advantage,
    })),
  };
}

describe("stepFacts()", () => {
  const whole = targetText(hard!)!;
  const [first] = hard!.trace!.steps;
  const wrongTrace = `0+0=0####${hard!.answer}`;

  it("counts right answers to hard problems, and those whose trace is right, by hint", () => {
    const facts = stepFacts(
      [
        group(hard!.id, "", [[whole, 1, 0], [wrongTrace, 1, 0], ["?", 0, 0]]),
        group(hard!.id, first!, [[whole.slice(first!.length), 1, 0], [whole, 1, 0]]),
        group(easy!.id, "", [[targetText(easy!)!, 1, 0]]),
      ],
      problems,
      3,
    );
    assert.deepEqual([facts.right_plain, facts.traced_plain], [2, 1]);
    // A hinted completion goes on from the hint: one that begins again is no right trace.
    assert.deepEqual([facts.right_hinted, facts.traced_hinted], [2, 1]);
  });

  it("counts prompts once a group and learned tokens where there is an advantage", () => {
    const facts = stepFacts([group(hard!.id, "", [["", 0, 0.5], ["", 0, -0.5], ["", 0, 0]])], problems, 3);
    assert.deepEqual([facts.prompt_tokens, facts.learned_tokens], [3, 10]);
  });
});

describe("computeOf()", () => {
  it("adds 2N a sampled or prefilled token and 6N a learned one up", () => {
    const steps = [{ step: 1, time: 0, generated_tokens: 100 }, { step: 2, time: 0, generated_tokens: 150 }];
    const known = [{ prompt_tokens: 10, learned_tokens: 20 }, { prompt_tokens: 10, learned_tokens: 0 }];
    const [a, b] = computeOf(steps, known, 1e12);
    assert.equal(a, 2 * 110 + 6 * 20);
    assert.equal(b, 2 * 170 + 6 * 20);
  });
});
