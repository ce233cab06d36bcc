import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tablesOf } from "#shared/engine/ops/attention/segments.ts";
import { scratchScores } from "#shared/engine/backward/scratch.ts";
import { Random } from "#shared/problems/rng.ts";
import { pack } from "./packing.ts";
import { PrefixTree } from "./prefix_tree.ts";

/** Sequences that go on from a random place of an earlier one. */
function sequences(random: Random, count: number): number[][] {
  const all: number[][] = [];
  for (let i = 0; i < count; i++) {
    const before = all.length > 0 && random.real() < 0.8 ? random.pick(all) : [];
    const kept = before.slice(0, random.between(0, before.length));
    all.push([...kept, ...Array.from({ length: random.between(1, 20) }, () => random.between(0, 3))]);
  }
  return all;
}

describe("PrefixTree", () => {
  it("holds every sequence, and costs what is new in it", () => {
    for (let seed = 0; seed < 200; seed++) {
      const all = sequences(new Random(seed), 30);
      const tree = new PrefixTree();
      for (const ids of all) {
        const [before, cost] = [tree.tokens, tree.cost(ids)];
        tree.add(ids);
        assert.equal(tree.tokens, before + cost);
        assert.equal(tree.cost(ids), 0);
      }
      const batch = pack(all);
      assert.equal(batch.tokens, tree.tokens);
      for (const [i, ids] of all.entries()) {
        const rows = batch.rows[i]!;
        assert.deepEqual(Array.from(rows, (row) => batch.ids[row]), ids);
        assert.deepEqual(Array.from(rows, (row) => batch.positions[row]), [...ids.keys()]);
      }
    }
  });

  it("lays segments out below those above them, with room for their scores", () => {
    for (let seed = 0; seed < 200; seed++) {
      const { tokens, segments } = pack(sequences(new Random(seed), 30));
      for (const [i, { first, parent, position }] of segments.entries()) {
        assert.ok(parent < i);
        const above = segments[parent];
        assert.equal(position, above ? above.position + above.tokens : 0);
        assert.ok(above ? first >= above.first + above.tokens : true);
      }
      assert.ok(4 * tablesOf(segments, 4).span <= scratchScores({ subgroups8: false }, tokens, 1));
    }
  });

  it("does not branch for a few tokens", () => {
    assert.equal(pack([[1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 9]]).tokens, 16);
    assert.equal(pack([[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 5, 6, 7, 8, 10]]).tokens, 10);
    assert.equal(pack([[1, 2, 3], [1, 2, 3, 4], [1]]).tokens, 4);
  });
});
