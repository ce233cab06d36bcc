import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolders } from "#shared/io/testing.ts";
import type { Group } from "#shared/schemas/rollout.ts";
import type { LearnerSequence } from "../learner/policy.ts";
import { RunDirectory } from "../run/directory.ts";
import { tinyRecipe, tinyTokenizer, UnigramPolicy } from "./testing.ts";
import { runRecipe } from "./unigram_run.testing.ts";
import type { Example } from "./examples.ts";
import { update, updateSettings } from "./update.ts";

const temporary = temporaryFolders();

const STEPS = 6;
const SETTINGS = {
  generation: { num_generations: 4, max_completion_length: 6 },
  ghpo: { start_stage_memory: true },
  optimizer: { learning_rate: 2, warmup_steps: 2 },
  train: { max_steps: STEPS, prompts_per_step: 3, micro_batch_tokens: 128, staleness: 1 },
  eval: { eval_every: 2 },
  checkpoint: { save_every: 1, keep: 0 },
};

async function run(
  output_dir: string,
  o: { policy?: UnigramPolicy; resume?: boolean; settings?: Record<string, unknown>; stop?: AbortSignal } =
    {},
) {
  const recipe = tinyRecipe({ ...SETTINGS, output_dir, ...o.settings as typeof SETTINGS });
  return await runRecipe(recipe, o.policy ?? new UnigramPolicy(), o);
}

function checkpoint(path: string, step: number, name: string): string {
  return readFileSync(join(path, "checkpoints", `step_00000${step}`, name), "utf8");
}

function outcome(path: string) {
  const clock = /^(time|step_time$)/;
  const metrics = new RunDirectory(path).readMetrics()
    .map((record) => Object.entries(record).filter(([key]) => !clock.test(key)));
  const rollouts = readdirSync(join(path, "rollouts")).sort()
    .map((name) => readFileSync(join(path, "rollouts", name), "utf8"));
  const files = ["model.json", "optimizer.json", "trainer_state.json"];
  return { metrics, rollouts, files: files.map((name) => checkpoint(path, STEPS, name)) };
}

describe("train.staleness = 1", () => {
  it("samples every step with the weights before the last update, all guidance rounds alike", async () => {
    const path = temporary();
    await run(path);
    const versions: number[] = [];
    let hinted = 0;
    for (const name of readdirSync(join(path, "rollouts")).sort()) {
      const lines = readFileSync(join(path, "rollouts", name), "utf8").trim().split("\n");
      for (const group of lines.map((line): Group => JSON.parse(line))) {
        const { policy_version: version, step } = group;
        assert.equal(version, Math.max(step - 2, 0));
        versions.push(version);
        hinted += Number(group.guidance.stage > 0);
        const logits: number[] = version === 0
          ? Array(tinyTokenizer.vocabSize).fill(0)
          : JSON.parse(checkpoint(path, version, "model.json"));
        const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
        for (const { ids, logprobs } of group.completions) {
          ids.forEach((id, t) => assert.ok(Math.abs(logits[id]! - total - logprobs[t]!) < 1e-9));
        }
      }
    }
    assert.equal(Math.max(...versions), STEPS - 2);
    assert.ok(hinted > 0, "some group must have been sampled again with a hint");
    const record = new RunDirectory(path).readMetrics().at(-1)!;
    assert.ok(record["sampling/sampling_logp_difference/mean"]! < 1e-6, "of the weights that sampled");
  });

  it("reaches the same bytes when it is killed at any moment and resumed", { timeout: 60_000 }, async () => {
    const whole = temporary();
    let operations = 0;
    await run(whole, { policy: new UnigramPolicy(() => void operations++) });
    const expected = outcome(whole);
    for (let at = 1; at <= operations; at += 19) {
      const path = temporary();
      let left = at;
      const dying = new UnigramPolicy(() => {
        if (--left === 0) throw new Error("killed");
      });
      await assert.rejects(run(path, { policy: dying }), /killed/);
      await run(path, { resume: true });
      assert.deepEqual(outcome(path), expected, `killed at operation ${at}`);
    }
  });

  it("keeps what was sampled ahead when it is told to stop", async () => {
    const whole = temporary();
    await run(whole);
    const path = temporary();
    const stop = new AbortController();
    let steps = 0;
    const policy = new UnigramPolicy((name) => {
      if (name === "step" && ++steps === 3) stop.abort();
    });
    const { step } = await run(path, { policy, stop: stop.signal });
    assert.equal(step, 3);
    await run(path, { resume: true });
    assert.deepEqual(outcome(path).files, outcome(whole).files);
    assert.deepEqual(outcome(path).rollouts, outcome(whole).rollouts);
  });

  it("stops when the sampler's log-probs are not the learner's, as later nothing could tell", async () => {
    class Off extends UnigramPolicy {
      override async forward(batch: LearnerSequence[]) {
        const scores = await super.forward(batch);
        return { ...scores, logprobs: scores.logprobs.map((all) => all.map((value) => value - 0.5)) };
      }
    }
    const policy = new Off();
    await assert.rejects(run(temporary(), { policy }), /sampler and learner must agree to 0.1 .* is 0.500/);
    assert.deepEqual(policy.logits, new UnigramPolicy().logits);
  });

  it("refuses what it would do wrong", async () => {
    const settings = (other: Record<string, unknown>) => ({ ...SETTINGS, ...other }) as never;
    assert.throws(
      () => tinyRecipe(settings({ ghpo: { hint_loss: "dropped" } })),
      /must have ghpo.hint_loss conditioned with train.staleness 1/,
    );
    assert.throws(() => tinyRecipe(settings({ algorithm: "sft" })), /must have an algorithm that samples/);
    assert.throws(
      () => tinyRecipe(settings({ train: { ...SETTINGS.train, staleness: 2 } })),
      /train.staleness/,
    );
    const best = { checkpoint: { ...SETTINGS.checkpoint, best_by: "reward" } };
    await assert.rejects(run(temporary(), { settings: best }), /checkpoint.best_by must be a metric/);
    const path = temporary();
    await run(path);
    const longer = { train: { ...SETTINGS.train, max_steps: STEPS + 2 } };
    await assert.rejects(
      run(path, { settings: longer, resume: true }),
      /Cannot make this run longer .* train.max_steps must be 6, current value is 8/,
    );
    assert.equal(
      (await run(path, { resume: true })).step,
      STEPS,
      "the refused recipe has left nothing behind",
    );
  });
});

describe("an update of another policy's samples", () => {
  it("takes the log-probs that they were sampled with for the old ones", async () => {
    const gradient = async (behaviour: number, staleness: 0 | 1) => {
      const policy = new UnigramPolicy();
      const own = -Math.log(tinyTokenizer.vocabSize);
      const example: Example = {
        ids: [5, 6, 7, 7, 7],
        prompt_length: 2,
        advantage: 1,
        behaviour: [own + behaviour, own + behaviour, own + behaviour],
      };
      const settings = updateSettings(tinyRecipe({ train: { staleness } }));
      const { clip, logpDifference } = await update(policy, [example], settings, 1);
      return { logit: policy.logits[7]!, high: clip.high, logpDifference };
    };
    const fresh = await gradient(0.05, 0);
    assert.ok(fresh.logit > 0 && Math.abs(fresh.logpDifference!.mean - 0.05) < 1e-6);
    // A ratio of e^0.1 weighs the gradient; one of e^0.3 is beyond 1.2 and clipped, whatever the difference.
    const [same, weighed, clipped] = await Promise.all([0, -0.1, -0.3].map((shift) => gradient(shift, 1)));
    assert.ok(Math.abs(weighed!.logit / same!.logit - Math.exp(0.1)) < 1e-5);
    assert.deepEqual([clipped!.logit, clipped!.high], [0, 1]);
    assert.equal(same!.logpDifference, null, "the update has no say in whether the sampler was right");
  });
});
