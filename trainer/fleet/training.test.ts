// A whole run over workers, at either staleness: the rollouts, weights and metrics of one that samples by itself.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectFleet } from "#shared/fleet/server.ts";
import { work } from "#shared/fleet/worker.ts";
import type { Reward } from "../loop/rewards.ts";
import { sourceOf } from "../loop/sources.ts";
import { chainProblem, scriptedSetting, tinyRecipe, tinyTokenizer } from "../loop/testing.ts";
import { train } from "../loop/train.ts";
import { RunDirectory } from "../run/directory.ts";
import { Status } from "../run/progress.ts";
import { RemoteSampler } from "./remote_sampler.ts";
import { FleetPolicy, FleetWorker, LEARNER, NATS, TestServer, WORKER } from "./testing.ts";

describe("training over workers", { skip: "missing" in NATS ? NATS.missing : false }, () => {
  let server: TestServer;
  const folder = mkdtempSync(join(tmpdir(), "ghpo-fleet-train-"));
  before(async () => {
    server = await TestServer.start();
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  async function run(
    output_dir: string,
    staleness: number,
    workers: FleetWorker[] = [],
    policy = new FleetPolicy(),
    reward: Reward["call"] = ({ completion }) => +completion.includes("7"),
  ) {
    const recipe = tinyRecipe({
      output_dir,
      generation: { num_generations: 4, max_completion_length: 6 },
      ghpo: { start_stage_memory: true },
      optimizer: { learning_rate: 2, warmup_steps: 2 },
      train: { max_steps: 4, prompts_per_step: 3, micro_batch_tokens: 128, staleness },
      checkpoint: { save_every: 1, keep: 0 },
    });
    const stop = new AbortController();
    const ended = workers.map(async (worker) => {
      const connection = await connectFleet(server.url, WORKER);
      await work(connection, worker, stop.signal, () => {});
      await connection.close();
    });
    const settings = {
      run: `test-${staleness}`,
      vocabulary: tinyTokenizer.vocabSize,
      micro_batch_tokens: 128,
      patience: 15,
    };
    const sampler = workers.length === 0
      ? null
      : await RemoteSampler.open(server.url, policy, settings, () => {}, LEARNER);
    const problems = ["1", "2", "3", "4", "5"].map((id) => chainProblem(id));
    const { setting } = await scriptedSetting(recipe, problems, () => "");
    await train({
      recipe,
      policy,
      source: sourceOf({
        ...setting,
        sampler: sampler ?? policy,
        learner: policy,
        rewards: [{ name: "accuracy", weight: 1, call: reward }],
      }),
      evaluation: null,
      resume: false,
      status: new Status({ total: 1, quiet: true }),
      stop: new AbortController().signal,
      ...(sampler && { meters: () => Promise.resolve(sampler.metrics()) }),
    });
    await sampler?.close();
    stop.abort();
    await Promise.all(ended);
    const metrics = new RunDirectory(output_dir).readMetrics();
    const own = metrics.map((record) =>
      Object.fromEntries(Object.entries(record).filter(([key]) => !/time|^fleet\//.test(key)))
    );
    const files = (below: string) =>
      readdirSync(join(output_dir, below), { recursive: true, encoding: "utf8" })
        .filter((name) => /\.jsonl$|(model|optimizer|trainer_state)\.json$/.test(name)).sort()
        .map((name) => [name, readFileSync(join(output_dir, below, name), "utf8")]);
    const sum = (name: string) => metrics.reduce((total, record) => total + (record[name] ?? 0), 0);
    return { bits: { own, rollouts: files("rollouts"), checkpoints: files("checkpoints") }, sum };
  }

  for (const staleness of [0, 1]) {
    it(`gives the bits of a run without them at staleness ${staleness}`, { timeout: 60_000 }, async () => {
      const local = await run(join(folder, `local-${staleness}`), staleness);
      const fleet = await run(join(folder, `fleet-${staleness}`), staleness, [
        new FleetWorker(),
        new FleetWorker(),
      ]);
      assert.deepEqual(fleet.bits, local.bits);
      assert.ok(fleet.sum("fleet/remote") > 12);
      for (const name of ["local", "refused", "differing"]) assert.equal(fleet.sum(`fleet/${name}`), 0, name);
    });
  }

  it("learns from a step while workers sample the next one", { timeout: 60_000 }, async () => {
    let updates = 0;
    let isLearning = false;
    let heard = () => {};
    const policy = new FleetPolicy((name) => {
      if (name === "backward") isLearning = true;
      if (name === "step") isLearning = false;
      if (name === "step") updates++;
      if (isLearning) heard();
    });
    // Nothing but the first step is answered before the learner is in the middle of the step before.
    const worker = new FleetWorker(async ({ key: [step] }) => {
      if (step > 0 && !isLearning) await new Promise<void>((resolve) => heard = resolve);
    });
    const reward = ({ ids }: { ids: readonly number[] }) => ids[0]! / tinyTokenizer.vocabSize; // never all alike
    const { sum } = await run(join(folder, "meanwhile"), 1, [worker], policy, reward);
    assert.equal(updates, 4);
    assert.equal(sum("fleet/local"), 0);
    assert.ok(sum("fleet/remote") >= 12);
  });
});
