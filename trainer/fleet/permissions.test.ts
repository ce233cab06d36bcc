// What a worker may do on the server, and which weights it opens.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Objm } from "@nats-io/obj";
import { connect } from "@nats-io/transport-node";
import { ANSWERS, answerSubject, JOBS, jobSubject, WEIGHTS } from "#shared/fleet/protocol.ts";
import { connectFleet, makeStreams } from "#shared/fleet/server.ts";
import { WeightStore } from "#shared/fleet/weights.ts";
import { LEARNER, NATS, TestServer, WORKER } from "./testing.ts";

describe("the server", { skip: "missing" in NATS ? NATS.missing : false }, () => {
  let server: TestServer;
  before(async () => {
    server = await TestServer.start();
  });
  after(() => server.close());

  it("names the address when it refuses a password", async () => {
    const wrong = { ...LEARNER, GHPO_NATS_PASSWORD: "wrong" };
    await assert.rejects(
      connectFleet(server.url, wrong),
      new Error(
        `Cannot connect to the NATS server at ${server.url}: it does not accept this GHPO_NATS_USER and GHPO_NATS_PASSWORD`,
      ),
    );
  });

  it("opens no weights but those that were asked for", { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-weights-"));
    writeFileSync(join(folder, "model.safetensors"), new Uint8Array(3e6).fill(7));
    const learner = await connectFleet(server.url, LEARNER);
    const [made, worker] = [await WeightStore.open(learner, true), await connectFleet(server.url, WORKER)];
    const opened = await WeightStore.open(worker, false);
    const digest = await made.publish(folder, ["model.safetensors"], null);
    const { files: [file], base } = await opened.manifest(digest);
    const copy = join(folder, "copy");
    mkdirSync(copy);
    const fetch = () => opened.fetch({ files: [file!], base }, copy);
    await fetch();
    assert.deepEqual(readFileSync(join(copy, "model.safetensors")), Buffer.alloc(3e6, 7));
    const { digest: right } = (await made.store.info(file!.sha256))!;
    await made.store.putBlob({ name: file!.sha256 }, new Uint8Array(3e6).fill(8));
    await assert.rejects(fetch(), /must hold the object with the SHA-256/);
    // A server that lies about the digest, too.
    const { name, bucket, nuid, size, chunks } = (await made.store.info(file!.sha256))!;
    const subject = `$O.${WEIGHTS}.M.${btoa(file!.sha256)}`;
    await jetstream(learner).publish(
      subject,
      JSON.stringify({ name, bucket, nuid, size, chunks, digest: right }),
    );
    await assert.rejects(fetch(), /digests do not match/);
    await worker.close();
    await learner.close();
    rmSync(folder, { recursive: true });
  });

  it("lets a worker take jobs, read weights and answer, and nothing else", { timeout: 60_000 }, async () => {
    const learner = await connectFleet(server.url, LEARNER);
    await makeStreams(learner);
    await new Objm(learner).create(WEIGHTS);
    const worker = await connectFleet(server.url, WORKER);
    const stream = jetstream(worker, { timeout: 500 });
    const { streams, consumers } = await jetstreamManager(worker, { timeout: 500, checkAPI: false });
    const refused: Record<string, () => Promise<unknown>> = {
      "publish a job": () => stream.publish(jobSubject("x", 0), "{}", { timeout: 500 }),
      "delete a stream": () => streams.delete(JOBS),
      "purge a stream": () => streams.purge(ANSWERS),
      "make a stream": () => streams.add({ name: "MINE", subjects: ["mine"] }),
      "read answers": () => streams.getMessage(ANSWERS, { seq: 1 }),
      "consume answers": () => consumers.add(ANSWERS, { durable_name: "mine" }),
      "delete the consumer": () => consumers.delete(JOBS, "workers"),
      "store weights": async () =>
        (await new Objm(worker).open(WEIGHTS)).putBlob({ name: "a" }, new Uint8Array(1)),
    };
    for (const [what, call] of Object.entries(refused)) {
      await assert.rejects(call(), /permission|violation|timeout/i, what);
    }
    const { seq } = await stream.publish(answerSubject("x", 0, "y"), "an answer is what it may give");
    assert.ok(seq > 0);
    assert.throws(() => worker.publish("ghpo.answer.x.0.y", new Uint8Array(100e6)), /max_payload|payload/i);
    await assert.rejects(
      connect({ servers: `127.0.0.1:${server.port}`, reconnect: false }),
      /Authorization/i,
    );
    await worker.close();
    await learner.close();
  });
});
