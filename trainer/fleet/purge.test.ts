// Purging the jobs of one run leaves those of others to the workers.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { jetstream } from "@nats-io/jetstream";
import { Dispatcher } from "#shared/fleet/dispatcher.ts";
import { JOBS, jobSubject, WORKERS } from "#shared/fleet/protocol.ts";
import { connectFleet } from "#shared/fleet/server.ts";
import { LEARNER, NATS, TestServer, TOKENIZER } from "./testing.ts";

describe("purging a run's jobs", { skip: "missing" in NATS ? NATS.missing : false }, () => {
  let server: TestServer;
  before(async () => void (server = await TestServer.start()));
  after(() => server?.close());

  it("keeps other runs' for the workers", { timeout: 30_000 }, async () => {
    const settings = { vocabulary: 4, patience: 1, tokenizer: TOKENIZER };
    const ended = await Dispatcher.open(server.url, { run: "ended", ...settings }, () => {}, LEARNER);
    const learner = await connectFleet(server.url, LEARNER);
    const stream = jetstream(learner);
    const consumer = await stream.consumers.get(JOBS, WORKERS);
    await stream.publish(jobSubject("ended", 0), "done");
    await (await consumer.next({ expires: 1000 }))!.ackAck();
    for (const job of ["a", "b", "c"]) await stream.publish(jobSubject("other", 0), job);
    await ended.purge();
    const given = [];
    for await (
      const message of await (await stream.consumers.get(JOBS, WORKERS)).fetch({
        max_messages: 3,
        expires: 2000,
      })
    ) {
      given.push(message.string());
    }
    assert.deepEqual(given, ["a", "b", "c"]);
    await ended.close();
    await learner.close();
  });
});
