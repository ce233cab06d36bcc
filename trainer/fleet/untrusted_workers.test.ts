// Answers that are wrong, too long, or no answers at all: none is learned from.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { jetstream } from "@nats-io/jetstream";
import { answerSubject, type Job, JOBS, readJob, WORKERS, writeAnswer } from "#shared/fleet/protocol.ts";
import { stopsAt } from "#shared/text/stop_strings.ts";
import { connectFleet, makeStreams } from "#shared/fleet/server.ts";
import { OPTIONS, requests, sample, settings } from "./sampling.testing.ts";
import { tinyTokenizer } from "../loop/testing.ts";
import type { Sample } from "../learner/policy.ts";
import { RemoteSampler } from "./remote_sampler.ts";
import { FleetPolicy, FleetWorker, LEARNER, NATS, TestServer, WORKER } from "./testing.ts";

describe("untrusted workers", { skip: "missing" in NATS ? NATS.missing : false }, () => {
  let server: TestServer;
  before(async () => {
    server = await TestServer.start();
  });
  after(() => server.close());

  it(
    "has workers stop at stop strings, and takes nothing longer or shorter",
    { timeout: 60_000 },
    async () => {
      const ends = stopsAt(tinyTokenizer, ["7", "+1"])!;
      const policy = new FleetPolicy();
      const options = { ...OPTIONS, ends };
      const plain = (all: Sample[][]) =>
        all.map((each) =>
          each.map((one) => ({ ...one, ids: Array.from(one.ids), logprobs: Array.from(one.logprobs) }))
        );
      const tokens = (all: Sample[][]) => all.flat().reduce((sum, { ids }) => sum + ids.length, 0);
      const expected = plain(await policy.generate(requests(0), options));
      const whole = await policy.generate(requests(0), OPTIONS);
      assert.ok(tokens(expected) < tokens(whole));
      let sampled = 0;
      class Counting extends FleetWorker {
        override async answer(...call: Parameters<FleetWorker["answer"]>) {
          const answer = await super.answer(...call);
          sampled += tokens([answer]);
          return answer;
        }
      }
      const counts = async (worker: FleetWorker) => {
        await using _ = server.work(worker);
        const sampler = await RemoteSampler.open(server.url, policy, settings(20), () => {}, LEARNER);
        assert.deepEqual(plain(await sampler.generate(requests(0), options)), expected);
        const counts = sampler.metrics();
        await sampler.close();
        return counts;
      };
      const honest = await counts(new Counting());
      assert.deepEqual([honest["fleet/remote"], honest["fleet/differing"]], [40, 0]);
      assert.equal(sampled, tokens(expected));
      const wrong = [undefined, Object.assign(() => 1, { texts: [] })]; // goes on, and stops at once
      for (const theirs of wrong) {
        class Wrong extends FleetWorker {
          override answer(job: Job) {
            return super.answer(job, theirs);
          }
        }
        const refused = await counts(new Wrong());
        const touched = expected.filter((each, i) =>
          each.some(({ ids, finish_reason }, s) =>
            theirs ? ids.length > 1 : finish_reason !== whole[i]![s]!.finish_reason ||
              ids.length < whole[i]![s]!.ids.length
          )
        );
        assert.equal(refused["fleet/refused"], touched.length);
        assert.ok(touched.length > 0);
      }
    },
  );

  it("takes nothing from a worker that lies", { timeout: 60_000 }, async () => {
    const lies: ((all: { ids: Uint32Array; logprobs: Float32Array }[]) => void)[] = [
      (all) => all[0]!.ids[0] = 9999,
      (all) => all[0]!.logprobs[0] = NaN,
      (all) => all.pop(),
      (all) => all[0]!.logprobs.fill(-0.01), // well-formed, and not the log-probs of these weights
    ];
    let turn = 0;
    class Liar extends FleetWorker {
      override async answer(job: Parameters<FleetWorker["answer"]>[0]) {
        const answer = await super.answer(job);
        lies[turn++ % lies.length]!(answer);
        return answer;
      }
    }
    await using _ = server.work(new Liar());
    const { counts } = await sample(server);
    assert.deepEqual([counts["fleet/remote"], counts["fleet/local"], counts["fleet/refused"]], [0, 80, 80]);
  });

  it("takes nothing from one that does not keep to the protocol either", { timeout: 60_000 }, async () => {
    const learner = await connectFleet(server.url, LEARNER);
    await makeStreams(learner);
    await learner.close();
    const connection = await connectFleet(server.url, WORKER);
    const stop = new AbortController();
    const stealing = (async () => {
      const stream = jetstream(connection);
      const consumer = await stream.consumers.get(JOBS, WORKERS);
      const anybody = new FleetWorker();
      let before: Job | undefined;
      for (let turn = 0; !stop.signal.aborted;) {
        const message = await consumer.next({ expires: 1000 });
        if (message === null) continue;
        const job = readJob(message.data);
        const [right] = await anybody.generate([job]);
        const answers = [
          () => new Uint8Array(7e6), // as much as the server lets through
          () => new TextEncoder().encode("{}\n"),
          () => writeAnswer(before ?? { ...job, id: "other" }, "a thief", right!),
          () => writeAnswer({ ...job, weights: "0".repeat(64) }, "a thief", right!),
          () => null, // says that it is done, and nothing else
        ];
        const bytes = answers[turn++ % answers.length]!();
        if (bytes !== null) {
          await stream.publish(answerSubject(job.run, job.call, job.id), bytes, { msgID: job.id });
        }
        await message.ackAck();
        before = job;
      }
      await connection.close();
    })();
    const { counts } = await sample(server, 2);
    stop.abort();
    await stealing;
    assert.deepEqual([counts["fleet/remote"], counts["fleet/local"], counts["fleet/refused"]], [0, 80, 64]);
  });
});
