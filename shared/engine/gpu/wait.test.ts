import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { setImmediate, setTimeout } from "node:timers";
import { sleepUntil } from "./wait.ts";
import { testGpu } from "./testing.ts";

/** Five timers, each begun by the one before. */
const timers = (left = 5): Promise<string> =>
  new Promise((resolve) => setTimeout(() => left > 1 ? timers(left - 1).then(resolve) : resolve("done"), 20));

describe("sleepUntil()", () => {
  it("settles as the promise does, and timers go on", async () => {
    assert.equal(await sleepUntil(timers()), "done");
    await assert.rejects(sleepUntil(Promise.reject(new Error("lost"))), /lost/);
  });

  it("turns the event loop a few hundred times instead of ten thousands", async () => {
    let turns = 0;
    let waiting = true;
    const count = () => {
      turns++;
      if (waiting) setImmediate(count);
    };
    setImmediate(count);
    await sleepUntil(timers());
    waiting = false;
    assert.ok(turns < 2000, `the event loop turned ${turns} times`);
  });

  it("reads the same with and without", async () => {
    const gpu = await testGpu();
    const { sleepsWhileWaiting } = gpu;
    const buffer = gpu.upload("numbers", Float32Array.of(1, 2, 3));
    try {
      for (const value of [true, false]) {
        gpu.sleepsWhileWaiting = value;
        assert.deepEqual(await gpu.readFloats(buffer), Float32Array.of(1, 2, 3));
        await gpu.idle();
      }
    } finally {
      gpu.sleepsWhileWaiting = sleepsWhileWaiting;
      gpu.release(buffer);
    }
  });
});
