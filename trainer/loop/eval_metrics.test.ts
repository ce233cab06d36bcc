import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { syntheticProblems } from "#shared/problems/synthetic.ts";
import { evalMetrics } from "./eval_metrics.ts";
import type { GenerationRequest, SampleOptions } from "../learner/policy.ts";
import { EOS, ScriptedSampler, tinyTokenizer } from "./testing.ts";

const problems = (["chain", "gcd"] as const).flatMap((family) =>
  syntheticProblems({ families: [family], levels: [3], count: 2, seed: 5, split: "held_out" })
);
const answerTo = (question: string) => problems.find(({ text }) => question.includes(text))!;

async function run(
  script: (question: string, sample: number) => string,
  settings: { num_samples?: number; temperature?: number } = {},
) {
  const sampler = new ScriptedSampler((question, _hint, sample) => script(question, sample));
  const options: SampleOptions[] = [];
  const values = await evalMetrics({
    sampler: {
      generate(requests: readonly GenerationRequest[], own: SampleOptions) {
        options.push(own);
        return sampler.generate(requests, own);
      },
    },
    tokenizer: tinyTokenizer,
    problems,
    prompt: { system: "" },
    preset: "strict",
    max_tokens: 60,
    eosIds: [EOS],
    ...settings,
  });
  return { values, options, prompts: sampler.calls.flat().map(({ prompt }) => prompt) };
}

describe("evaluate()", () => {
  it("shows the question alone, never a hint, and takes the greedy answer", async () => {
    const { options, prompts } = await run(() => "1");
    assert.deepEqual(
      prompts,
      problems.map(({ text }) => tinyTokenizer.chat([{ role: "user", content: text }])),
    );
    for (const { trace } of problems) {
      assert.ok(trace!.steps.every((step) => prompts.every((prompt) => !prompt.includes(step))));
    }
    assert.deepEqual(options.map(({ greedy }) => greedy), [true]);
  });

  it("tells a right answer from a right trace, and averages over the benchmarks", async () => {
    const [first, second, third] = problems;
    const { values } = await run((question) => {
      const { text, trace, answer } = answerTo(question);
      if (text === first!.text) return `${trace!.text}####${answer}`;
      if (text === second!.text) return `1+1=3;####${answer}`; // a lucky answer
      return text === third!.text ? `${trace!.text}####${answer}` : "1+1=2;####1000";
    });
    assert.equal(values["eval_accuracy/chain"], 1);
    assert.equal(values["eval_trace_accuracy/chain"], 0.5);
    assert.equal(values["eval_accuracy/gcd"], 0.5);
    assert.equal(values["eval_accuracy"], 0.75);
    assert.equal(values["eval_trace_accuracy"], 0.5);
  });

  it("samples as often as it is told to, and counts problems that are solved at least once", async () => {
    const right = (question: string, sample: number) => sample === 2 && question.includes("Compute ");
    const { values, options } = await run(
      (question, sample) => right(question, sample) ? `1####${answerTo(question).answer}` : "1####1000",
      { num_samples: 4, temperature: 0.7 },
    );
    assert.deepEqual(options.map(({ greedy, temperature }) => [greedy, temperature]), [[false, 0.7]]);
    assert.equal(values["eval_accuracy/chain"], 0.25);
    assert.equal(values["eval_accuracy"], 0.125);
    assert.equal(values["eval_pass@4"], 0.5);
  });
});
