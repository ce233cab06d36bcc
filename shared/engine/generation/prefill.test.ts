import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { packPrefill } from "./prefill.ts";

const run = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

describe("packPrefill()", () => {
  it("computes what prompts share once, and nothing that is cached", () => {
    const { batch, cached, loads, stores } = packPrefill([
      { ids: run(0, 10), start: 100, cached: { start: 40, length: 9 } },
      { ids: [...run(0, 9), ...run(50, 3)], start: 200, cached: { start: 60, length: 4 } },
    ]);
    assert.deepEqual([...batch.ids], [9, 50, 51, 52]);
    assert.deepEqual([...batch.positions], [9, 9, 10, 11]);
    assert.equal(cached, 9);
    assert.deepEqual(batch.rows.map((own) => [...own]), [[...run(4, 9), 0], [...run(4, 9), 1, 2, 3]]);
    assert.deepEqual(
      batch.segments.map(({ first, tokens, parent, position }) => [first, tokens, parent, position]),
      [
        [4, 9, -1, 0],
        [0, 1, 0, 9],
        [1, 3, 0, 9],
      ],
    );
    const places = new Map(Array.from({ length: cached }, (_, i) => [loads[2 * i], loads[2 * i + 1]]));
    assert.deepEqual(run(4, 9).map((row) => places.get(row)), [60, 61, 62, 63, 44, 45, 46, 47, 48]);
    assert.equal(stores.length, 2 * (10 + 12));
    assert.deepEqual([...stores.slice(0, 4)], [4, 100, 5, 101]);
  });

  it("has nothing to compute where all is cached", () => {
    const { batch, cached } = packPrefill([{ ids: [1, 2], start: 5, cached: { start: 1, length: 2 } }]);
    assert.equal(batch.tokens, 0);
    assert.equal(cached, 2);
  });
});
