import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PromptCache } from "./prompt_cache.ts";

const run = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

describe("PromptCache", () => {
  it("finds the longest beginning among prompts that are there", () => {
    const cache = new PromptCache(100);
    const plain = cache.admit(run(0, 10), false)!;
    assert.deepEqual(plain, { range: { start: 0, length: 10 }, cached: { start: 0, length: 0 } });
    const early = cache.admit(run(0, 12), false)!;
    assert.equal(early.cached.length, 0, "the first is not computed yet");
    cache.settle();
    const hinted = cache.admit([...run(0, 8), ...run(50, 9)], false)!;
    assert.deepEqual(hinted, { range: { start: 22, length: 17 }, cached: { start: 0, length: 8 } });
    assert.deepEqual(cache.admit(run(0, 20), false)!.cached, { start: 10, length: 12 });
  });

  it("makes room by prompts that nobody reads, those that are not wanted first", () => {
    const cache = new PromptCache(30);
    const [a, b, c] = [0, 100, 200].map((first) => cache.admit(run(first, 10), false)!);
    cache.settle();
    assert.equal(cache.take(1, true), undefined, "all are read");
    for (const { range } of [a!, b!]) cache.release(range);
    cache.expect([[...run(0, 10), 7]]);
    const first = cache.take(10, false)!;
    assert.equal(first.start, 10, "the second prompt went");
    assert.equal(cache.take(10, false), undefined, "the first is wanted");
    cache.give(first);
    const hinted = cache.admit([...run(0, 10)], false)!;
    assert.deepEqual(hinted, { range: { start: 10, length: 10 }, cached: { start: 0, length: 10 } });
    assert.equal(cache.take(10, true), undefined, "the first is about to be copied from");
    cache.settle();
    assert.equal(cache.take(10, false)!.start, 0);
    cache.release(c!.range);
  });
});
