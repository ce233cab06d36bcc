import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pack } from "#shared/engine/forward/packing.ts";
import { inMicroBatches, inputOf, microBatches, predictions } from "./micro_batches.ts";

const run = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);
const sequence = (prompt: number[], completion: number[]) => ({
  ids: [...prompt, ...completion],
  prompt_length: prompt.length,
});
const lengths = (batches: { ids: ArrayLike<number> }[][]) =>
  batches.map((batch) => batch.map(({ ids }) => ids.length));

describe("inMicroBatches()", () => {
  it("fills micro-batches in order up to the limit, a longer example alone", () => {
    const sequences = [5, 4, 4, 13, 2].map((n, i) => sequence([100 * i], run(100 * i + 1, n - 1)));
    assert.deepEqual(lengths(inMicroBatches(sequences, 8)), [[5, 4], [4], [13], [2]]);
    assert.deepEqual(inMicroBatches([], 8), []);
  });

  it("counts what sequences begin with in common once, and repeats a prompt where a group is split", () => {
    const group = run(0, 6).map((i) => sequence(run(1000, 20), run(100 * i, 11)));
    assert.deepEqual(inMicroBatches(group, 50).map(({ length }) => length), [3, 3]);
    assert.deepEqual(inMicroBatches(group, 49).map(({ length }) => length), [2, 2, 2]);
    assert.deepEqual(inMicroBatches(group, 62, false).map(({ length }) => length), [2, 2, 2]);
    assert.equal(pack(group.slice(0, 3).map(inputOf)).tokens, 50);
  });

  it("predicts no more tokens than the limit", () => {
    const group = run(0, 9).map((i) => sequence(run(1000, 3), [i]));
    assert.deepEqual(inMicroBatches(group, 4).map(({ length }) => length), [4, 4, 1]);
  });
});

describe("microBatches()", () => {
  it("leaves out sequences without a completion", () => {
    const sequences = [sequence([1], [2]), sequence([3, 4], []), sequence([5], [6])];
    assert.deepEqual(microBatches(sequences, [0, 1, 2], 8), [[0, 2]]);
  });
});

describe("predictions()", () => {
  it("names the row before each completion token, and one for what is predicted in common", () => {
    const prompt = run(1000, 12);
    const sequences = [
      sequence(prompt, [1, 2, 3]),
      sequence(prompt, [1, 2, 4]), // differs in its last token, which no row reads
      sequence(prompt, [9, 8]),
      sequence(prompt.slice(0, 11), [1011, 5]), // a shorter prompt: its completion begins inside the other
    ];
    const batch = pack(sequences.map(inputOf));
    const { rows, targets, of } = predictions(batch, sequences);
    assert.equal(batch.tokens, 15);
    assert.deepEqual([...rows], [11, 12, 13, 13, 11, 14, 10, 11]);
    assert.deepEqual([...targets], [1, 2, 3, 4, 9, 8, 1011, 5]);
    assert.deepEqual(of.map((own) => [...own]), [[0, 1, 2], [0, 1, 3], [4, 5], [6, 7]]);
  });
});
