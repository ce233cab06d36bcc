import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { Attempt } from "./attempts.ts";
import { chainProblem, collectAt, scriptedSetting, tinyRecipe, UnigramPolicy } from "./testing.ts";
import { type Example, examplesOf } from "./examples.ts";
import { update, updateSettings } from "./update.ts";

async function rescuedAttempt(): Promise<Attempt> {
  const script = (_q: string, hint: string, sample: number) =>
    hint !== "" && sample === 0 ? "3####20" : "3####1";
  const { setting } = await scriptedSetting(tinyRecipe({ train: { prompts_per_step: 1 } }), [
    chainProblem("4"),
  ], script);
  return (await collectAt(setting)).attempts[0]!;
}

const example = (advantage: number, length = 3): Example => ({
  ids: [5, 6, ...Array.from({ length }, (_, t) => 7 + t)],
  prompt_length: 2,
  advantage,
  behaviour: null,
});

describe("examplesOf()", () => {
  it("scores a rescued group under its hinted prompt, as the paper's ratio is conditioned on q*", async () => {
    const attempt = await rescuedAttempt();
    const { prompt_ids, completions: [first] } = attempt.parts[0]!;
    const [example] = examplesOf([attempt], "conditioned");
    assert.deepEqual(example!.ids, [...prompt_ids, ...first!.ids]);
    assert.equal(example!.prompt_length, prompt_ids.length);
    assert.deepEqual(example!.behaviour, first!.logprobs);
    assert.ok(prompt_ids.length > attempt.plain.prompt_ids.length);
  });

  it("scores it under the plain prompt when the hint is dropped from the loss", async () => {
    const attempt = await rescuedAttempt();
    const [example] = examplesOf([attempt], "dropped");
    assert.deepEqual(Array.from(example!.ids).slice(0, example!.prompt_length), attempt.plain.prompt_ids);
    assert.equal(example!.behaviour, null);
  });
});

describe("examplesOf() with mask_truncated_completions", () => {
  it("masks the completions that ran into the limit", async () => {
    const attempt = await rescuedAttempt();
    const [first] = attempt.parts[0]!.completions;
    first!.finish_reason = "length";
    const masks = examplesOf([attempt], "conditioned", { maskTruncated: true }).map(({ masked }) =>
      masked === true
    );
    assert.deepEqual(masks, masks.map((_, i) => i === 0));
    assert.ok(examplesOf([attempt], "conditioned").every(({ masked }) => masked === undefined));
  });
});

describe("update()", () => {
  const gradients = async (examples: Example[], overrides: Parameters<typeof tinyRecipe>[0]) => {
    const policy = new UnigramPolicy();
    await update(policy, examples, updateSettings(tinyRecipe(overrides)), 1);
    return [...policy.logits];
  };

  it("does not depend on how the batch is split, for every loss that normalises over the whole batch", async () => {
    const examples = [example(1, 5), example(-1, 2), example(0, 9), example(0.5, 7)];
    for (const loss_type of ["grpo", "dr_grpo", "dapo", "gspo"]) {
      const whole = await gradients(examples, { loss: { loss_type }, train: { micro_batch_tokens: 1000 } });
      const split = await gradients(examples, { loss: { loss_type }, train: { micro_batch_tokens: 10 } });
      whole.forEach((value, k) => assert.ok(Math.abs(value - split[k]!) < 1e-7));
      assert.ok(whole.some((value) => value !== 0));
    }
  });

  it("counts completions without advantage in the mean although they are not computed", async () => {
    const idle = [example(1), example(0)];
    const alone = [example(1)];
    const [a, b] = [await gradients(idle, {}), await gradients(alone, {})];
    a.forEach((value, k) => assert.ok(Math.abs(2 * value - b[k]!) < 1e-7));
  });

  it("leaves masked completions out of the loss and of the tokens, not of the sequences", async () => {
    const masked = { ...example(-1, 9), masked: true };
    for (const loss_type of ["grpo", "dapo", "bnpo"]) {
      const [with_, alone] = [
        await gradients([example(1), masked], { loss: { loss_type } }),
        await gradients([example(1)], { loss: { loss_type } }),
      ];
      const factor = loss_type === "grpo" ? 2 : 1;
      with_.forEach((value, k) => assert.ok(Math.abs(factor * value - alone[k]!) < 1e-7, loss_type));
      assert.ok(alone.some((value) => value !== 0));
    }
  });

  it("measures nothing but still steps the optimizer when no group has an advantage", async () => {
    const policy = new UnigramPolicy();
    const result = await update(policy, [example(0)], updateSettings(tinyRecipe()), 1);
    assert.deepEqual([result.loss, result.grad_norm, result.entropy, result.trainedTokens], [0, 0, null, 0]);
  });

  it("compares the sampler's log-probs with the learner's", async () => {
    const uniform = -Math.log(new UnigramPolicy().logits.length);
    const behaviour = [uniform, uniform - 0.06, uniform + 0.03];
    const { logpDifference } = await update(
      new UnigramPolicy(),
      [{ ...example(1), behaviour }],
      updateSettings(tinyRecipe()),
      1,
    );
    assert.ok(Math.abs(logpDifference!.max - 0.06) < 1e-5);
    assert.ok(Math.abs(logpDifference!.mean - 0.03) < 1e-5);
  });

  it("refuses, before the weights change, when they disagree", async () => {
    const policy = new UnigramPolicy();
    const before = [...policy.logits];
    const behaviour = [-1, -1, -1];
    await assert.rejects(update(policy, [{ ...example(1), behaviour }], updateSettings(tinyRecipe()), 1), {
      message:
        /^Cannot train as the log-probs of sampler and learner must agree to 0.1 on average: current difference is \d\.\d+; `variants = "base"` in the recipe keeps to the portable kernels$/,
    });
    assert.deepEqual([...policy.logits], before);
  });
});
