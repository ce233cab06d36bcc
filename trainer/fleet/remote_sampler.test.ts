// Sampling over a real server: the same tokens as here, whoever answers or dies.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { OPTIONS, requests, sample, settings } from "./sampling.testing.ts";
import { RemoteSampler } from "./remote_sampler.ts";
import { FleetPolicy, FleetWorker, LEARNER, NATS, TestServer } from "./testing.ts";

describe("remote sampling", { skip: "missing" in NATS ? NATS.missing : false }, () => {
  let server: TestServer;
  before(async () => {
    server = await TestServer.start();
  });
  after(() => server.close());

  it("gives the tokens of sampling here, over two workers and an update", { timeout: 60_000 }, async () => {
    const all = [new FleetWorker(), new FleetWorker(() => Bun.sleep(1))];
    await using _ = server.work(...all);
    const { counts } = await sample(server);
    assert.deepEqual([counts["fleet/remote"], counts["fleet/local"], counts["fleet/refused"]], [80, 0, 0]);
    assert.equal(counts["fleet/differing"], 0);
    assert.equal(all[0]!.jobs + all[1]!.jobs, 80);
  });

  it("goes on alone when nobody answers", { timeout: 60_000 }, async () => {
    const { counts, log } = await sample(server, 0.5);
    assert.deepEqual([counts["fleet/remote"], counts["fleet/local"]], [0, 80]);
    assert.match(log[0]!, /40 of 40 requests have had no answer for 0.5 s/);
  });

  it("does not mind workers that fail now and then", { timeout: 60_000 }, async () => {
    let failures = 0;
    const failing = new FleetWorker(() => {
      if (Math.random() < 0.3 && failures++ < 20) throw new Error("out of memory");
    });
    await using _ = server.work(failing, new FleetWorker());
    const { counts } = await sample(server);
    assert.deepEqual([counts["fleet/remote"], counts["fleet/local"]], [80, 0]);
    assert.ok(failures > 0);
  });

  it("survives the death of its server", { timeout: 60_000 }, async () => {
    await using _ = server.work(new FleetWorker(() => Bun.sleep(20)));
    let kills = 0;
    const { counts } = await sample(server, 6, async () => {
      await Bun.sleep(200);
      await server.kill();
      kills++;
      await server.start();
    });
    assert.equal(kills, 2);
    assert.equal(counts["fleet/remote"]! + counts["fleet/local"]!, 80);
    assert.equal(counts["fleet/refused"], 0);
  });

  it(
    "finds its workers again when the server was killed between two steps",
    { timeout: 60_000 },
    async () => {
      await using _ = server.work(new FleetWorker());
      const sampler = await RemoteSampler.open(
        server.url,
        new FleetPolicy(),
        settings(20),
        () => {},
        LEARNER,
      );
      for (const step of [0, 1, 2]) {
        await sampler.generate(requests(step), OPTIONS);
        const { "fleet/remote": remote } = sampler.metrics();
        assert.equal(remote, 40, `step ${step}`);
        await server.kill();
        await server.start();
        await Bun.sleep(3000); // both sides connect again
      }
      await sampler.close();
    },
  );
});
