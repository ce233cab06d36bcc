// What a run learns, writes and keeps.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolders } from "#shared/io/testing.ts";
import { tensorboardEvents } from "#shared/io/tensorboard.ts";
import { run, SETTINGS, stopIn } from "./unigram_run.testing.ts";
import { listCheckpoints } from "../run/checkpoint.ts";
import { RunDirectory } from "../run/directory.ts";
import { UnigramPolicy } from "./testing.ts";

const temporary = temporaryFolders();

describe("runLoop()", () => {
  it("learns what the reward asks for, and leaves recipe, metrics, rollouts and checkpoints", async () => {
    const path = temporary();
    const settings = { train: { ...SETTINGS.train, max_steps: 30 } };
    const { result } = await run(path, { settings });
    assert.deepEqual([result.step, result.finished], [30, true]);
    const metrics = new RunDirectory(path).readMetrics();
    assert.deepEqual(metrics.map((record) => record.step), [...Array(31).keys()]);
    const first = metrics.slice(1, 6).map((r) => r["reward"] as number);
    const last = metrics.slice(-5).map((r) => r["reward"] as number);
    const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
    assert.ok(sum(last) > sum(first) + 2, `${first} -> ${last}`);
    assert.deepEqual(listCheckpoints(join(path, "checkpoints")), [28, 30]);
    assert.equal(readdirSync(join(path, "rollouts")).length, 30);
  });

  it("leaves the memory plan of the policy for the dashboard", async () => {
    const path = temporary();
    const policy = Object.assign(new UnigramPolicy(), { memory: { weights: 3, total: 5 } });
    await run(path, { policy });
    assert.deepEqual(JSON.parse(readFileSync(join(path, "memory.json"), "utf8")), policy.memory);
  });

  it("removes the oldest rollouts above the size that may be kept, never the newest", async () => {
    const [path, none] = [temporary(), temporary()];
    const kept = () => readdirSync(join(path, "rollouts")).sort();
    await run(path, { settings: { checkpoint: { max_rollouts_gb: 12e-6 } } });
    const bytes = kept().reduce((sum, name) => sum + statSync(join(path, "rollouts", name)).size, 0);
    assert.ok(
      bytes <= 12e3 && kept().length < 6 && kept().at(-1) === "step_000006.jsonl",
      `${kept()}: ${bytes}`,
    );
    await run(none, { settings: { checkpoint: { max_rollouts_gb: 1e-9 } } });
    assert.deepEqual(readdirSync(join(none, "rollouts")), ["step_000006.jsonl"]);
  });

  it("writes TensorBoard's events while it trains, no step twice after a resume", async () => {
    const path = temporary();
    const settings = { report_to: ["tensorboard"] };
    await run(path, { ...stopIn(3), settings });
    await run(path, { resume: true, settings });
    const [name] = readdirSync(join(path, "tensorboard"));
    const [{ begun_at }] = [JSON.parse(readFileSync(join(path, "begun.json"), "utf8"))];
    const began = Date.parse(begun_at) / 1000;
    const events = new RunDirectory(path).readMetrics().map(({ step, time, ...rest }) => ({
      wall_time: began + time,
      step,
      values: Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)) as Record<
        string,
        number
      >,
    }));
    assert.deepEqual(
      readFileSync(join(path, "tensorboard", name!)),
      Buffer.from(tensorboardEvents(began, events)),
    );
  });

  it("reports evaluation tokens apart from training tokens", async () => {
    const [withEval, without] = [temporary(), temporary()];
    const a = await run(withEval);
    const b = await run(without, { settings: { eval: { eval_every: 0 } } });
    assert.equal(a.result.generated_tokens, b.result.generated_tokens);
    const records = new RunDirectory(withEval).readMetrics();
    assert.deepEqual(records.filter((r) => "eval_generated_tokens" in r).map((r) => r.step), [0, 2, 4, 6]);
  });

  it("stops before an update whose loss is not finite", async () => {
    const path = temporary();
    const policy = new UnigramPolicy();
    const forward = policy.forward.bind(policy);
    policy.forward = async (batch) => {
      const scores = await forward(batch);
      scores.logprobs[0]!.fill(NaN);
      return scores;
    };
    await assert.rejects(
      run(path, { policy }),
      /loss must be finite: current value is NaN; lower optimizer.learning_rate/,
    );
    assert.ok(policy.logits.every((logit) => logit === 0));
  });

  it("keeps the best checkpoint by a metric although newer ones push it out", async () => {
    const path = temporary();
    const settings = { checkpoint: { save_every: 1, keep: 1, best_by: "reward" } };
    const { result } = await run(path, { settings });
    const rewards = new RunDirectory(path).readMetrics().slice(1).map((r) => r["reward"] as number);
    // The reward of step k is of completions that the weights after step k - 1 wrote.
    assert.equal(result.best, rewards.indexOf(Math.max(...rewards)));
    assert.deepEqual(listCheckpoints(join(path, "checkpoints")), [...new Set([result.best!, 6])]);
  });

  it("refuses to mark checkpoints by a metric that there is not", async () => {
    const path = temporary();
    const settings = { checkpoint: { best_by: "rewards/acuracy/mean" } };
    await assert.rejects(
      run(path, { settings }),
      /\(the nearest is rewards\/accuracy\/mean\): current value is rewards\/acuracy\/mean$/,
    );
    assert.deepEqual(readdirSync(path), []);
    const late = { checkpoint: { best_by: "eval_accuracy" }, eval: { eval_every: 0 } };
    await assert.rejects(
      run(path, { settings: late }),
      /must be a metric of the evaluation or of the rollouts/,
    );
  });

  it("takes two iterations and a KL penalty through the same loop", async () => {
    const path = temporary();
    await run(path, { settings: { loss: { loss_type: "grpo", num_iterations: 2, beta: 0.1 } } });
    const records = new RunDirectory(path).readMetrics().slice(1);
    assert.ok(records.at(-1)!["kl"]! > 0);
    assert.ok(records.some((record) => record["clip_ratio/region_mean"]! > 0), "the ratio must leave 1");
  });
});
