import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { TokenRanges } from "./token_ranges.ts";

describe("TokenRanges", () => {
  it("gives ranges that never overlap and takes all of them back", () => {
    const capacity = 97;
    const ranges = new TokenRanges(capacity);
    const taken = new Set<{ start: number; length: number }>();
    let state = 1;
    for (let round = 0; round < 2000; round++) {
      state = Math.imul(state, 1103515245) + 12345 >>> 0;
      const length = (state >>> 16) % 20;
      const range = ranges.take(length);
      if (range) taken.add(range);
      const used = new Set<number>();
      for (const { start, length } of taken) {
        for (let i = start; i < start + length; i++) {
          assert.ok(!used.has(i) && i < capacity, `token ${i} is given twice or does not exist`);
          used.add(i);
        }
      }
      const oldest = [...taken][0];
      if (oldest && (!range || state % 3 === 0)) {
        ranges.give(oldest);
        taken.delete(oldest);
      }
    }
    for (const range of taken) ranges.give(range);
    assert.deepEqual(ranges.take(capacity), { start: 0, length: capacity });
  });

  it("has nothing for a length beyond every gap", () => {
    const ranges = new TokenRanges(10);
    const [a, b] = [ranges.take(4)!, ranges.take(4)!];
    assert.equal(ranges.take(3), undefined);
    ranges.give(a);
    assert.equal(ranges.take(5), undefined);
    ranges.give(b);
    assert.deepEqual(ranges.take(10), { start: 0, length: 10 });
  });
});
