import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { formatRanks, planRanks } from "./plan_ranks.ts";

describe("the plan of ranks", () => {
  it("counts what goes through the network and waits in memory", () => {
    const plan = planRanks("4", 8, "train.shards", 6e9);
    assert.equal(plan.exchanged_bytes, 9e9); // three quarters there and back
    assert.equal(plan.host_bytes, 2 * 6e9 + (32 << 20));
    assert.ok(Math.abs(plan.exchange_seconds["10 GbE"]! - (8 + 6 / 7.7)) < 1e-9);
    assert.match(
      formatRanks(plan),
      /^each of 4 ranks .* \(8 shards\)\nan optimizer step sends .* 8.8 s over 10 GbE/,
    );
  });

  it("sends nothing from one", () => {
    const { exchanged_bytes, exchange_seconds } = planRanks("1", 1, "train.shards", 6e9);
    assert.deepEqual([exchanged_bytes, exchange_seconds["10 GbE"]], [0, 0]);
  });

  it("refuses ranks that do not divide the shards", () => {
    for (const ranks of ["3", "16", "0", "two"]) {
      assert.throws(
        () => planRanks(ranks, 8, "train.shards", 1),
        /--ranks must divide train.shards, which is 8: current/,
      );
    }
  });
});
