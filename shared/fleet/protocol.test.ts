import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type Job, readAnswer, readJob, type SampledCompletion, writeAnswer } from "./protocol.ts";
import { connectFleet } from "./server.ts";

const END = 9;
const job: Job = {
  id: "a1",
  run: "r",
  call: 6,
  weights: "0".repeat(64),
  prompt_ids: [1, 2],
  samples: 2,
  key: [3, 4],
  max_tokens: 4,
  temperature: 1,
  greedy: false,
  seed: 5,
  eos_ids: [END],
  stop: null,
};
const completion = (ids: number[], finish_reason: "stop" | "length", logprob = -0.5): SampledCompletion => ({
  ids: Uint32Array.from(ids),
  logprobs: Float32Array.from(ids, () => logprob),
  finish_reason,
});
const good = [completion([1, 2, 3, 4], "length"), completion([5, END], "stop")];
const read = (completions: SampledCompletion[], other: Partial<Job> = {}) =>
  readAnswer(writeAnswer({ ...job, ...other }, "a worker", completions), job, 10);

describe("an answer", () => {
  it("comes back as it was written, whatever it lies in", () => {
    assert.deepEqual(read(good), good);
    const bytes = writeAnswer(job, "a worker", good);
    const inside = new Uint8Array(bytes.length + 3);
    inside.set(bytes, 3);
    assert.deepEqual(readAnswer(inside.subarray(3), job, 10), good);
  });

  it("is refused when anything about it is odd", () => {
    const [long, short] = good as [SampledCompletion, SampledCompletion];
    const cases: [RegExp, () => unknown][] = [
      [/must be to the job a1/, () => read(good, { id: "b2" })],
      [/is of other weights/, () => read(good, { weights: "1".repeat(64) })],
      [/must have 2 completions: current number is 1/, () => read([long])],
      [
        /must have tokens below 10: current value is 10/,
        () => read([completion([1, 2, 3, 10], "length"), short]),
      ],
      [
        /must have tokens below 10: current value is 4294967295/,
        () => read([completion([1, 2, 3, -1], "length"), short]),
      ],
      [/must have log-probs/, () => read([completion([1, 2, 3, 4], "length", NaN), short])],
      [/must have log-probs/, () => read([completion([1, 2, 3, 4], "length", 0.5), short])],
      [/must have log-probs/, () => read([completion([1, 2, 3, 4], "length", -Infinity), short])],
      [/must end with an end token or after 4/, () => read([completion([1, 2, 3], "length"), short])],
      [/must end with an end token or after 4/, () => read([completion([END, 2, 3, 4], "length"), short])],
      [
        /must end with an end token or after 4/,
        () => read([completion([1, 2, 3, 4, 5], "length"), completion([END], "stop")]),
      ],
      [/must name why it ends/, () => read([completion([1, 2, 3, END], "length"), short])],
      [
        /must have at most \d+ bytes: current size is 100000000/,
        () => readAnswer(new Uint8Array(1e8), job, 10),
      ],
      [/has no first line/, () => readAnswer(new Uint8Array(8), job, 10)],
      [/must have 48 bytes of tokens/, () => readAnswer(writeAnswer(job, "w", good).slice(0, -1), job, 10)],
      [/./, () => readAnswer(new TextEncoder().encode("{}\n"), job, 10)],
      [/./, () => readAnswer(new TextEncoder().encode("[[[[\n"), job, 10)],
    ];
    for (const [message, answer] of cases) assert.throws(answer, message);
  });

  it("ends where its stop texts end it, not before and not behind", () => {
    const stops = (ids: readonly number[]) => ids.includes(7) ? ids.indexOf(7) + 1 : undefined;
    const answer = (...completions: SampledCompletion[]) =>
      readAnswer(writeAnswer(job, "a worker", completions), job, 10, stops);
    const ended = [completion([1, 7], "stop"), completion([5, END], "stop")];
    assert.deepEqual(answer(...ended), ended);
    const last = [completion([1, 2, 3, 7], "stop"), completion([1, 2, 3, 4], "length")];
    assert.deepEqual(answer(...last), last);
    const right = completion([END], "stop");
    const wrong = [[1, 7, 3, 4], [1, 7, END], [7, 7], [1, 2, 3]];
    for (const ids of wrong) {
      assert.throws(
        () => answer(completion(ids, "stop"), right),
        /an end token, a stop string or after 4 tokens/,
      );
    }
    assert.throws(() => answer(completion([1, 2, 3, 7], "length"), right), /must name why it ends/);
    assert.throws(() => answer(completion([1, 2, 3, 4], "stop"), right), /must name why it ends/);
  });
});

describe("a job", () => {
  it("is checked by the worker too", () => {
    const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
    assert.deepEqual(readJob(bytes(job)), job);
    assert.throws(() => readJob(bytes({ ...job, id: "../a" })), /id/);
    assert.throws(() => readJob(bytes({ ...job, prompt_ids: [] })), /prompt_ids/);
    assert.throws(() => readJob(bytes({ ...job, more: 1 })), /more/);
    const stop = { texts: ["\n"], tokenizer: "1".repeat(64) };
    assert.deepEqual(readJob(bytes({ ...job, stop })), { ...job, stop });
    assert.throws(() => readJob(bytes({ ...job, stop: { ...stop, tokenizer: "x" } })), /tokenizer/);
  });
});

describe("the connection to a server", () => {
  const named = { GHPO_NATS_USER: "u", GHPO_NATS_PASSWORD: "p" };
  it("is refused without a name, with a password in the URL, or in the clear beyond this machine", async () => {
    await assert.rejects(
      connectFleet("nats://127.0.0.1:1", {}),
      /GHPO_NATS_USER and GHPO_NATS_PASSWORD must be set/,
    );
    await assert.rejects(connectFleet("nats://u:p@127.0.0.1:1", named), /its URL must hold no password/);
    await assert.rejects(
      connectFleet("nats://192.0.2.1:4222", named),
      /Cannot connect to 192.0.2.1 in the clear/,
    );
    await assert.rejects(connectFleet("ws://192.0.2.1", named), /Cannot connect to 192.0.2.1 in the clear/);
    await assert.rejects(
      connectFleet("wss://192.0.2.1", { ...named, GHPO_NATS_CA: "ca.pem" }),
      /Cannot connect by WebSocket with GHPO_NATS_CA/,
    );
    await assert.rejects(
      connectFleet("nats://127.0.0.1:1", named),
      /^Error: Cannot connect to the NATS server at nats:\/\/127\.0\.0\.1:1: .*refused/i,
    );
    await assert.rejects(connectFleet("http://127.0.0.1:1", named), /must begin with nats:\/\/, .*http:\/\//);
  });
});
