// A whole run over workers, at either staleness: the rollouts, weights and metrics of one that samples by itself.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tinyTokenizer } from "../loop/testing.ts";
import { RunDirectory } from "../run/directory.ts";
import { LAUNCHERS, missing, runRanks } from "../team/testing.ts";
import { shortRun } from "./short_run.testing.ts";
import { FleetPolicy, FleetWorker, NATS, TestServer } from "./testing.ts";

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

  /** What a run leaves, but clocks and the counts of workers, which come apart. */
  function outcome(path: string) {
    const metrics = new RunDirectory(path).readMetrics();
    const own = metrics.map((record) =>
      Object.fromEntries(Object.entries(record).filter(([key]) => !/time|^(fleet|team)\//.test(key)))
    );
    const files = (below: string) =>
      readdirSync(join(path, below), { recursive: true, encoding: "utf8" })
        .filter((name) => /\.jsonl$|(model|optimizer|trainer_state)\.json$/.test(name)).sort()
        .map((name) => [name, readFileSync(join(path, below, name), "utf8")]);
    const sum = (name: string) =>
      metrics.reduce((total, record) => total + (record[`fleet/${name}`] ?? 0), 0);
    return { bits: { own, rollouts: files("rollouts"), checkpoints: files("checkpoints") }, sum };
  }

  for (const staleness of [0, 1]) {
    const alone = join(folder, `alone-${staleness}`);
    before(() => shortRun(alone, { staleness }));

    it(`gives the bits of a run without them at staleness ${staleness}`, { timeout: 60_000 }, async () => {
      await using _ = server.work(new FleetWorker(), new FleetWorker());
      const path = join(folder, `fleet-${staleness}`);
      await shortRun(path, { staleness, url: server.url });
      const { bits, sum } = outcome(path);
      assert.deepEqual(bits, outcome(alone).bits);
      assert.ok(sum("remote") > 12);
      for (const name of ["local", "refused", "differing"]) assert.equal(sum(name), 0, name);
    });

    const [launcher] = LAUNCHERS as [typeof LAUNCHERS[0]];
    const ranks = { timeout: 60_000, skip: missing(launcher) };
    it(`gives them on two ranks that share the workers at staleness ${staleness}`, ranks, async () => {
      await using _ = server.work(new FleetWorker());
      const path = join(folder, `ranks-${staleness}`);
      const words = ["trainer/fleet/tools/short_rank.ts", path, String(staleness), server.url];
      const { code, stderr } = await runRanks(launcher, 2, words);
      assert.equal(code, 0, stderr);
      const { bits, sum } = outcome(path);
      assert.deepEqual(bits, outcome(alone).bits);
      assert.ok(sum("remote") > 12);
      for (const name of ["local", "refused", "differing"]) assert.equal(sum(name), 0, name);
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
    await using _ = server.work(
      new FleetWorker(async ({ key: [step] }) => {
        if (step > 0 && !isLearning) await new Promise<void>((resolve) => heard = resolve);
      }),
    );
    const path = join(folder, "meanwhile");
    const reward = ({ ids }: { ids: readonly number[] }) => ids[0]! / tinyTokenizer.vocabSize; // never all alike
    await shortRun(path, { staleness: 1, url: server.url, policy, reward });
    const { sum } = outcome(path);
    assert.equal(updates, 4);
    assert.equal(sum("local"), 0);
    assert.ok(sum("remote") >= 12);
  });
});
