// What a client that sends ahead says of chunks that arrive late or not at all.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { JetStreamClient } from "@nats-io/jetstream";
import { pipelined } from "./pipelined.ts";

const CHUNK = "$O.weights.C.id";
const INFO = "$O.weights.M.name";

/** A server whose answers the test gives, in the order of the messages. */
function server(chunks: number) {
  const sent: string[] = [];
  const answers: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const client = {
    name: "a client",
    options() {
      return this.name;
    },
    publish: (subject: string) => {
      sent.push(subject);
      return new Promise((resolve, reject) => answers.push({ resolve: () => resolve({ seq: 1 }), reject }));
    },
  };
  return { sent, answers, client: pipelined(client as unknown as JetStreamClient, chunks) };
}
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

describe("chunks that are sent ahead", () => {
  it("are so many at most, and all acknowledged before the object is described", async () => {
    const { sent, answers, client } = server(2);
    const put = (async () => {
      for (let i = 0; i < 3; i++) await client.publish(CHUNK);
      await client.publish(INFO);
    })();
    await turn();
    assert.deepEqual(sent, [CHUNK, CHUNK]);
    answers[0]!.resolve();
    await turn();
    assert.deepEqual(sent, [CHUNK, CHUNK, CHUNK]);
    answers[1]!.resolve();
    await turn();
    assert.equal(sent.length, 3);
    answers[2]!.resolve();
    await turn();
    assert.deepEqual(sent.at(-1), INFO);
    answers[3]!.resolve();
    await put;
  });

  it("fail the object when the server did not take one, once nothing is on its way any more", async () => {
    for (const after of [CHUNK, INFO]) {
      const { sent, answers, client } = server(2);
      for (let i = 0; i < 2; i++) await client.publish(CHUNK);
      let failed: unknown;
      const next = client.publish(after).catch((error) => failed = error);
      answers[0]!.reject(new Error("no space"));
      await turn();
      assert.equal(failed, undefined);
      answers[1]!.resolve();
      await next;
      assert.match(String(failed), /no space/);
      assert.deepEqual(sent, [CHUNK, CHUNK]);
    }
  });

  it("leave everything else of the client as it is", () => {
    const { client } = server(2);
    assert.equal((client as unknown as { options(): string }).options(), "a client");
  });
});
