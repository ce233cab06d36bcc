import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mix32, Random } from "./rng.ts";

describe("Random", () => {
  it("is triple32 over a counter: known values", () => {
    // triple32 of 0, 1, 2 computed with arbitrary-precision integers by the test below.
    for (const x of [0, 1, 2, 0xdeadbeef, 0xffffffff]) assert.equal(mix32(x), triple32(BigInt(x)));
  });

  it("gives the same stream for the same keys, another for others", () => {
    const draw = (...keys: number[]) => {
      const random = new Random(...keys);
      return Array.from({ length: 8 }, () => random.next());
    };
    assert.deepEqual(draw(1, 2), draw(1, 2));
    for (const other of [[2, 1], [1], [1, 3], [1, 2, 0]]) assert.notDeepEqual(draw(1, 2), draw(...other));
  });

  it("is uniform: chi-square of 60,000 dice over 6 faces", () => {
    for (const seed of [1, 2, 3]) {
      const random = new Random(seed);
      const faces = [0, 0, 0, 0, 0, 0];
      for (let i = 0; i < 60_000; i++) faces[random.between(0, 5)]!++;
      const chiSquare = faces.reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0);
      // 5 degrees of freedom: p in [0.001, 0.999].
      assert.ok(chiSquare > 0.21 && chiSquare < 20.5, `seed ${seed}: ${chiSquare}`);
    }
  });

  it("picks by weight and never an entry of weight 0", () => {
    const random = new Random(4);
    const counts = [0, 0, 0];
    for (let i = 0; i < 4000; i++) counts[random.weighted([1, 0, 3])]!++;
    assert.equal(counts[1], 0);
    // Five standard errors of a share of 0.75 in 4000 are 0.034.
    assert.ok(Math.abs(counts[2]! / 4000 - 0.75) < 0.034);
  });

  it("shuffles into a permutation", () => {
    const items = Array.from({ length: 50 }, (_, i) => i);
    const shuffled = new Random(7).shuffled(items);
    assert.notDeepEqual(shuffled, items);
    assert.deepEqual(shuffled.toSorted((a, b) => a - b), items);
  });
});

function triple32(x: bigint): number {
  const mask = 0xffffffffn;
  x = ((x ^ (x >> 17n)) * 0xed5ad4bbn) & mask;
  x = ((x ^ (x >> 11n)) * 0xac4c1b51n) & mask;
  x = ((x ^ (x >> 15n)) * 0x31848babn) & mask;
  return Number(x ^ (x >> 14n));
}
