// NaN and infinity must never reach the weights.

import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { listCheckpoints, readNewest } from "../run/checkpoint.ts";
import { NonFiniteError } from "../run/nonfinite.ts";
import { RunDirectory } from "../run/directory.ts";
import { tinyTokenizer, UnigramPolicy } from "../loop/testing.ts";
import { update, updateSettings } from "../loop/update.ts";
import {
  engineRun,
  openSmall,
  removeTemporary,
  sftRun,
  smallRecipe,
  smallSftRecipe,
  temporary,
  unigramRun,
} from "./harness.ts";

afterEach(removeTemporary);

/** Log-probs that are NaN in some steps or forward passes, both counted from 1. */
function poisoned(wrong: (count: { step: number; forward: number }) => boolean): UnigramPolicy {
  const policy = new UnigramPolicy();
  const count = { step: 0, forward: 0 };
  const forward = policy.forward.bind(policy);
  policy.forward = async (batch) => {
    const scores = await forward(batch);
    count.forward++;
    if (wrong(count)) scores.logprobs[0]!.fill(NaN);
    return scores;
  };
  policy.setTemperature = () => void count.step++; // the loop calls it once a step
  return policy;
}

/** Eight steps of supervised fine-tuning in two phases, whose log-probs are NaN in some forward passes. */
async function poisonedSft(run: string, wrong: (forward: number) => boolean, resume = false, keep = 2) {
  const policy = new UnigramPolicy();
  let forwards = 0;
  const forward = policy.forward.bind(policy);
  policy.forward = async (batch) => {
    const scores = await forward(batch);
    if (wrong(++forwards)) scores.logprobs[0]!.fill(NaN);
    return scores;
  };
  const recipe = smallSftRecipe(run, 8);
  recipe.sft.phases = [{ ...recipe.sft.phases[0]!, steps: 5 }, { ...recipe.sft.phases[0]!, steps: 3 }];
  recipe.checkpoint.keep = keep;
  recipe.sft.micro_batch_tokens = 100_000; // one forward pass a step
  await sftRun(recipe, policy, tinyTokenizer, resume);
  return new RunDirectory(run).readMetrics();
}

describe("a step whose loss is not finite", () => {
  it("leaves the weights, is written down and counted, and the run goes on", async () => {
    const run = temporary();
    const policy = poisoned(({ step }) => step === 2);
    const updates: number[][] = [];
    const step = policy.step.bind(policy);
    policy.step = async (rate) => {
      const result = await step(rate);
      updates.push([...policy.logits]);
      return result;
    };
    const { step: last } = await unigramRun(run, policy);
    assert.equal(last, 8);
    assert.equal(updates.length, 7);
    const records = new RunDirectory(run).readMetrics();
    assert.deepEqual(records.map((r) => r["skipped_updates"]), [0, 1, 1, 1, 1, 1, 1, 1]);
    assert.deepEqual([records[1]!["loss"], records[1]!["grad_norm"]], [null, null]);
    const dump = JSON.parse(readFileSync(join(run, "dumps", "step_000002.json"), "utf8"));
    assert.match(dump.message, /the loss must be finite: current value is NaN/);
    assert.deepEqual([dump.step, dump.batch[0].logprobs[0]], [2, "NaN"]);
  });

  it("leaves no gradient of the micro-batches before it", async () => {
    const clean = temporary();
    const run = temporary();
    // The first micro-batch is sound, the second is not: the next update must be that of its own batch alone.
    const policy = poisoned(({ forward }) => forward === 2);
    const examples = [0, 1].map((i) => ({
      ids: [2, 5 + i, 6],
      prompt_length: 1,
      advantage: 1,
      behaviour: null,
    }));
    const recipe = { ...smallRecipe(run, 1), train: { ...smallRecipe(run, 1).train, micro_batch_tokens: 3 } };
    await assert.rejects(update(policy, examples, updateSettings(recipe), 1), NonFiniteError);
    await update(policy, examples, updateSettings(recipe), 1);
    const expected = new UnigramPolicy();
    await update(expected, examples, updateSettings({ ...smallRecipe(clean, 1), train: recipe.train }), 1);
    assert.deepEqual(policy.logits, expected.logits);
  });

  it("ends the run after three in a row, with the last checkpoint whole", async () => {
    const run = temporary();
    await assert.rejects(
      unigramRun(run, poisoned(({ step }) => step > 4)),
      /the loss must be finite: current value is NaN; lower optimizer\.learning_rate \(3 steps in a row; see .*step_000007\.json\)/,
    );
    assert.deepEqual(
      readdirSync(join(run, "dumps")).sort(),
      [5, 6, 7].map((step) => `step_00000${step}.json`),
    );
    // Without the poison the run goes on from there, and remembers what it left out.
    const { step } = await unigramRun(run, new UnigramPolicy(), true);
    assert.deepEqual([step, new RunDirectory(run).readMetrics().at(-1)!["skipped_updates"]], [8, 2]);
  });
});

describe("weights that compute nothing finite any more", () => {
  it("leave the checkpoint before them, however few are kept", async () => {
    const run = temporary();
    const one = { save_every: 1, keep: 1 };
    await assert.rejects(unigramRun(run, poisoned(({ step }) => step > 4), false, one), NonFiniteError);
    // The update of step 4 ruined them, which step 5 was the first to see.
    assert.deepEqual(listCheckpoints(join(run, "checkpoints")), [3, 4, 5, 6]);
    const sound = temporary();
    await unigramRun(sound, new UnigramPolicy(), false, one);
    assert.deepEqual(listCheckpoints(join(sound, "checkpoints")), [8]);
  });

  it("leave it in supervised fine-tuning too", async () => {
    const run = temporary();
    await assert.rejects(poisonedSft(run, (forward) => forward > 5, false, 1), NonFiniteError);
    assert.deepEqual(listCheckpoints(join(run, "checkpoints")), [4, 5, 6, 7]);
  });
});

describe("a step whose samples are not finite", () => {
  it("is left out though no completion has an advantage, and three in a row end the run", async () => {
    const run = temporary();
    const policy = new UnigramPolicy();
    const generate = policy.generate.bind(policy);
    let calls = 0;
    policy.generate = async (requests, options) => {
      const samples = await generate(requests, options);
      if (++calls <= 2) return samples;
      // What ruined weights give: the first token again and again, with log-probs that are none.
      return samples.map((group) =>
        group.map((s) => ({
          ...s,
          ids: Array.from(s.ids, () => 0),
          logprobs: Array.from(s.logprobs, () => NaN),
        }))
      );
    };
    await assert.rejects(
      unigramRun(run, policy),
      /the log-probs of sampled tokens must be finite: current value is NaN; lower optimizer\.learning_rate \(3 steps/,
    );
    assert.equal(readdirSync(join(run, "dumps")).length, 3);
  });

  it("is what an absurd learning rate ends in", { timeout: 60_000 }, async () => {
    const recipe = smallRecipe(temporary(), 12);
    recipe.optimizer.learning_rate = 1e30;
    const policy = await openSmall(recipe);
    try {
      await assert.rejects(
        engineRun(recipe, policy, false),
        /must be finite: current value is NaN; lower optimizer\.learning_rate \(3 steps in a row/,
      );
    } finally {
      policy.close();
    }
  });
});

describe("supervised fine-tuning", () => {
  it("leaves out a step whose loss is not finite, writes it down and counts it", async () => {
    const run = temporary();
    const records = await poisonedSft(run, (forward) => forward === 2);
    assert.deepEqual(records.map((r) => r["skipped_updates"]), [0, 1, 1, 1, 1, 1, 1, 1]);
    assert.deepEqual([records[1]!["loss"], records[1]!["grad_norm"]], [null, null]);
    // The update of step 2 was left out, so step 3 has the weights of step 1 still.
    assert.ok(records[2]!["loss"]! < records[0]!["loss"]!);
    const dump = JSON.parse(readFileSync(join(run, "dumps", "step_000002.json"), "utf8"));
    assert.match(dump.message, /the loss must be finite: current value is NaN$/);
    assert.deepEqual([dump.step, dump.batch.length, dump.batch[0].logprobs[0]], [2, 8, "NaN"]);
  });

  it("ends after three in a row with the phase that is at fault, and goes on once that is mended", async () => {
    const run = temporary();
    await assert.rejects(
      poisonedSft(run, (forward) => forward > 5),
      /the loss must be finite: current value is NaN; lower sft\.phases\[1\]\.learning_rate \(3 steps in a row; see .*step_000008\.json\)/,
    );
    assert.equal(readNewest(join(run, "checkpoints"))!.manifest.step, 7);
    const records = await poisonedSft(run, () => false, true);
    assert.deepEqual([records.length, records.at(-1)!["skipped_updates"]], [8, 2]);
  });
});

describe("the real engine", () => {
  it(
    "leaves weights and moments alone when a weight is NaN or the gradient overflows",
    { timeout: 60_000 },
    async () => {
      const recipe = smallRecipe(temporary(), 1);
      const policy = await openSmall(recipe);
      try {
        const { gpu } = policy.model;
        const parameters = policy.model.parameters();
        const example = { ids: [2, 5, 6, 7], prompt_length: 1, advantage: 1, behaviour: null };
        const weights = () => Promise.all(parameters.map(({ buffer }) => gpu.readWords(buffer)));
        const before = await weights();
        await assert.rejects(
          update(policy, [{ ...example, advantage: 1e38 }], updateSettings(recipe), 1e-3),
          NonFiniteError,
        );
        assert.deepEqual(await weights(), before);
        const { buffer } = parameters.at(-1)!;
        const own = await gpu.readFloats(buffer);
        gpu.write(buffer, Float32Array.from(own, (value, i) => i === 0 ? NaN : value));
        const dirty = await weights();
        await assert.rejects(update(policy, [example], updateSettings(recipe), 1e-3), NonFiniteError);
        assert.deepEqual(await weights(), dirty);
        gpu.write(buffer, own);
        const { grad_norm } = await update(policy, [example], updateSettings(recipe), 1e-3);
        assert.ok(Number.isFinite(grad_norm) && grad_norm > 0, "nothing of the poison may stay");
      } finally {
        policy.close();
      }
    },
  );
});
