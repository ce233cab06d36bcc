import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { demonstrate, demonstrationSource } from "./demonstrations.ts";
import { chainProblem, EOS, scriptedSetting, tinyRecipe, tinyTokenizer } from "./testing.ts";
import { examplesOf } from "./examples.ts";
import { update, updateSettings } from "./update.ts";
import { LOSSES } from "../ghpo/losses/index.ts";
import { UnigramPolicy } from "./testing.ts";

const recipe = tinyRecipe({ algorithm: "sft", train: { prompts_per_step: 3 } });
const never = () => assert.fail("nothing must be sampled");

describe("demonstrate()", () => {
  it("gives every drawn problem its trace, answer and end, and samples nothing", async () => {
    const { setting, sampler } = await scriptedSetting(
      recipe,
      ["1", "2"].map((id) => chainProblem(id)),
      never,
    );
    const rollout = await demonstrate(setting, 0);
    assert.deepEqual(rollout.attempts.map((a) => a.problem.id), ["1", "2", "1"]);
    const [{ completions: [completion], prompt }] = rollout.attempts[1]!.parts as [
      (typeof rollout.attempts)[0]["parts"][0],
    ];
    assert.equal(prompt, "Compute 2+2+3+5+9\nAnswer: ");
    assert.equal(completion!.text, "1+2=3;3+3=6;6+5=11;11+9=20####20");
    assert.deepEqual(completion!.ids, [...tinyTokenizer.encode(completion!.text), EOS]);
    assert.deepEqual(completion!.rewards, { accuracy: 1, format: 1 });
    assert.equal(rollout.generatedTokens, 3 * completion!.ids.length);
    assert.deepEqual([rollout.cursor, sampler.calls.length], [3, 0]);
  });

  it("has the gradient of the mean cross-entropy a completion", async () => {
    const { setting } = await scriptedSetting(recipe, [chainProblem("1")], never);
    const { attempts } = await demonstrate(setting, 0);
    const coefficients: number[][] = [];
    const policy = new UnigramPolicy();
    policy.backward = (_, own) => Promise.resolve(void coefficients.push(...own.map((c) => Array.from(c))));
    await update(
      policy,
      examplesOf(attempts, "conditioned", { sampled: false }),
      updateSettings(recipe),
      0.1,
    );
    const tokens = attempts[0]!.parts[0]!.completions[0]!.ids.length;
    assert.equal(coefficients.length, 3);
    for (const value of coefficients.flat()) assert.ok(Math.abs(value + 1 / (3 * tokens)) < 1e-8, `${value}`);
  });

  it("shows the mean negative log-likelihood of a token as the loss", async () => {
    const { setting } = await scriptedSetting(recipe, [chainProblem("1")], never);
    const source = demonstrationSource(setting, LOSSES[0]!);
    const batch = await source.next(0, { cursor: 0, state: source.begin() }, {});
    const policy = new UnigramPolicy();
    const { loss } = await update(policy, batch.examples, batch.update, 0.1);
    const uniform = Math.log(policy.logits.length);
    assert.ok(Math.abs(loss - uniform) < 1e-5, `${loss}`);
  });

  it("refuses a problem without a trace", async () => {
    const { setting } = await scriptedSetting(recipe, [{ ...chainProblem("1"), trace: null }], never);
    await assert.rejects(demonstrate(setting, 0), /problem 1 as it has no solution trace$/);
  });
});
