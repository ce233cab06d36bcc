import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolders } from "#shared/io/testing.ts";
import { parse } from "#shared/schemas/parse.ts";
import { isPaused, readEvents, requestSteering, Steering, SteeringRequestSchema } from "./steering.ts";

const temporary = temporaryFolders();

const never = new AbortController().signal;
const rateAndTemperature = async (steering: Steering, step: number) => {
  const { learning_rate = 0.1, temperature = 1 } = await steering.settingsAt(step, never);
  return [learning_rate, temperature];
};

describe("Steering", () => {
  it("changes settings from the next step on and writes each change under its step", async () => {
    const run = temporary();
    const steering = new Steering(run);
    assert.deepEqual(await rateAndTemperature(steering, 0), [0.1, 1]);
    requestSteering(run, { action: "set", learning_rate: 0.2 });
    assert.deepEqual(await steering.asked(1, never), { save: false, stop: false });
    assert.deepEqual(await rateAndTemperature(steering, 1), [0.2, 1]);
    requestSteering(run, { action: "set", temperature: 0.5 });
    assert.deepEqual(await rateAndTemperature(steering, 2), [0.2, 0.5]);
    assert.deepEqual(
      readEvents(run).map(({ at: _, ...event }) => event),
      [
        { action: "set", learning_rate: 0.2, step: 1, request: 1 },
        { action: "set", temperature: 0.5, step: 2, request: 2 },
      ],
    );
  });

  it("repeats the changes at their steps in a resumed run, and takes no request twice", async () => {
    const run = temporary();
    const before = new Steering(run);
    requestSteering(run, { action: "set", learning_rate: 0.2 });
    await before.asked(3, never);
    requestSteering(run, { action: "checkpoint" });
    await before.asked(4, never);
    const after = new Steering(run);
    assert.deepEqual(await rateAndTemperature(after, 2), [0.1, 1]);
    assert.deepEqual(await rateAndTemperature(after, 3), [0.2, 1]);
    assert.deepEqual(await after.asked(4, never), { save: false, stop: false });
    assert.equal(readEvents(run).length, 2);
  });

  it("asks once for a checkpoint and once for the end", async () => {
    const run = temporary();
    const steering = new Steering(run);
    requestSteering(run, { action: "checkpoint" });
    requestSteering(run, { action: "stop" });
    assert.deepEqual(await steering.asked(1, never), { save: true, stop: true });
    assert.deepEqual(await steering.asked(2, never), { save: false, stop: false });
  });

  it("waits while paused, and saves in the middle of a pause", async () => {
    const run = temporary();
    const steering = new Steering(run);
    requestSteering(run, { action: "pause" });
    let done = false;
    const waiting = steering.asked(1, never).then((asked) => (done = true, asked));
    await Promise.resolve();
    assert.equal(done, false);
    assert.equal(isPaused(readEvents(run)), true);
    requestSteering(run, { action: "checkpoint" });
    assert.deepEqual(await waiting, { save: true, stop: false });
    requestSteering(run, { action: "resume" });
    await steering.settingsAt(1, never);
    assert.equal(isPaused(readEvents(run)), false);
  });

  it("does not wait for ever: Ctrl-C ends a pause", async () => {
    const run = temporary();
    requestSteering(run, { action: "pause" });
    const controller = new AbortController();
    controller.abort();
    await new Steering(run).asked(1, controller.signal);
  });

  it("passes over lines that are no requests and drops an event that was cut short", async () => {
    const run = temporary();
    appendFileSync(join(run, "steering.jsonl"), 'nonsense\n{"action":"fly"}\n');
    requestSteering(run, { action: "set", temperature: 2 });
    appendFileSync(join(run, "steering.jsonl"), '{"action":"st');
    await new Steering(run).asked(1, never);
    appendFileSync(join(run, "events.jsonl"), '{"action":"se');
    const steering = new Steering(run);
    appendFileSync(join(run, "steering.jsonl"), 'op"}\n');
    assert.deepEqual(await steering.asked(2, never), { save: false, stop: true });
    assert.deepEqual(readEvents(run).map(({ action, request }) => [action, request]), [["set", 3], [
      "stop",
      4,
    ]]);
    assert.ok(readFileSync(join(run, "events.jsonl"), "utf8").endsWith("\n"));
  });
});

describe("a request without effect", () => {
  it("is said once, and why", async () => {
    const run = temporary();
    const said: string[] = [];
    const steering = new Steering(run, { steers: ["learning_rate"], log: (line) => said.push(line) });
    requestSteering(run, { action: "set", temperature: 2 });
    appendFileSync(join(run, "steering.jsonl"), '{"action":"fly"}\n');
    requestSteering(run, { action: "set", learning_rate: 0.5 });
    await steering.asked(1, never);
    await steering.asked(2, never);
    assert.deepEqual(await steering.settingsAt(2, never), { learning_rate: 0.5 });
    assert.deepEqual(readEvents(run).map(({ request }) => request), [3]);
    assert.equal(said.length, 2);
    assert.match(said[0]!, /steering\.jsonl:1 has no effect as this run has no temperature to change$/);
    assert.match(said[1]!, /steering\.jsonl:2 .*: the request has no effect$/);
  });
});

describe("SteeringRequestSchema", () => {
  const read = (value: unknown) => parse(SteeringRequestSchema, value, "the request");
  it("says what is wrong in one sentence", () => {
    assert.throws(() => read({ action: "set" }), /must have learning_rate or temperature/);
    assert.throws(() => read({ action: "stop", temperature: 1 }), /only with it/);
    assert.throws(() => read({ action: "set", learning_rate: 2 }), /learning_rate must be <= 1/);
    assert.throws(() => read({ action: "set", lr: 1 }), /the key lr is unknown/);
  });
});
