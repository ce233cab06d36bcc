// How many jobs workers of several speeds come to take at a time.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { BatchSize } from "./batch_size.ts";

/** What a worker takes most often in the end, of 100 tokens a job. */
function settled(secondsOf: (jobs: number) => number, fit = 64): number {
  const batchSize = new BatchSize();
  const taken: number[] = [];
  for (let i = 0; i < 100; i++) {
    const jobs = Math.min(batchSize.most, fit);
    taken.push(jobs);
    batchSize.done(jobs, 100 * jobs, i < 10 ? 3 * secondsOf(jobs) : secondsOf(jobs)); // slow at first
  }
  return taken.slice(60).sort((a, b) => a - b)[20]!;
}

describe("the jobs that a worker takes at a time", () => {
  it("are all that fit where they take little time", () => {
    assert.equal(settled((jobs) => jobs / 4), 64);
  });

  it("are all that fit where one takes as long as many", () => {
    assert.equal(settled((jobs) => 60 + jobs / 10), 64);
  });

  it("are few where each lengthens the whole", () => {
    assert.equal(settled((jobs) => 33 * jobs), 1);
    assert.equal(settled((jobs) => 4 * jobs), 8); // and now and then twice as many
    assert.equal(settled((jobs) => 40 + 20 * jobs), 4);
  });

  it("stay as many when fewer were left for once", () => {
    const batchSize = new BatchSize();
    for (const jobs of [1, 2, 4, 8, 16, 32, 64]) batchSize.done(jobs, 100 * jobs, 60 + jobs / 10);
    const { most } = batchSize;
    batchSize.done(3, 300, 0.5);
    assert.equal(batchSize.most, most);
  });
});
