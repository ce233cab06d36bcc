import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { QWEN25 } from "../memory/testing.ts";
import { loadRecipe } from "../run/recipe.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";
import { planOf } from "./print_plan.ts";
import { formatRanks, ofRank, planRanks, ranksOf } from "./plan_ranks.ts";

const whole = planOf(loadRecipe(TrainRecipeSchema, "qwen2.5-1.5b-ranks", []), QWEN25["Qwen2.5-1.5B"]!);
const bytes = { gradients: 6e9, weights: 6e9 };

describe("the plan of ranks", () => {
  it("counts what goes through the network and waits in memory", () => {
    const plan = planRanks({}, 4, 8, ofRank(whole, 4), bytes);
    assert.equal(plan.exchanged_bytes, 9e9); // three quarters there and back
    assert.equal(plan.host_bytes, 2 * 6e9 + (32 << 20));
    assert.deepEqual(plan.exchange.map(({ network }) => network), [
      "in one machine",
      "over 10 Gbit/s",
      "over 100 Gbit/s",
    ]);
    // Two shards are read from the device and their sum is written: three times 6 GB at 12 GB/s.
    const [machine, slow] = plan.exchange.map(({ seconds }) => seconds);
    assert.ok(Math.abs(slow! - (8 + 6 / 7.7 + 1.5)) < 1e-9);
    assert.ok(Math.abs(machine! - (5 + 1.5)) < 1e-9);
  });

  it("says what share of a step that is, and what it assumes", () => {
    const settings = ofRank(whole, 8);
    const plan = planRanks({ network: "25" }, 8, 8, settings, bytes);
    // 16 prompts of 384 tokens with 8 completions of 256: one round of decoding, 8 operations a parameter.
    const decoding = 256 * Math.max(6e9 / 2.5e11, 128 * 1e-4);
    const training = (16 * 384 + 128 * 256) * 8 * 1.5e9 / 2e13;
    assert.ok(Math.abs(plan.step_seconds! - (decoding + training)) < 1e-9);
    const [{ seconds, share }] = plan.exchange as [typeof plan.exchange[0]];
    assert.equal(share, seconds / (plan.step_seconds! + seconds));
    const text = formatRanks(plan);
    assert.match(text, /^each of 8 ranks .* \(8 shards\)\nan optimizer step sends 9.78 GiB from each rank/);
    assert.match(text, / s over 25 Gbit\/s, \d+ % of a step\n.*assumed: no hints, .* 20 TFLOP\/s/);
  });

  it("takes a measured step", () => {
    const plan = planRanks({ network: "10", stepSeconds: "100" }, 8, 8, ofRank(whole, 8), bytes);
    assert.equal(plan.exchange[0]!.share, plan.exchange[0]!.seconds / (100 + plan.exchange[0]!.seconds));
    assert.match(formatRanks(plan), /of a step of 100 s \(--step-seconds\)/);
  });

  it("sends nothing from one", () => {
    const { exchanged_bytes, exchange } = planRanks({}, 1, 1, whole, bytes);
    assert.deepEqual([exchanged_bytes, exchange[1]!.seconds], [0, 0]);
  });

  it("refuses ranks that do not divide the shards, and rates that are none", () => {
    for (const ranks of ["3", "16", "0", "two"]) {
      assert.throws(
        () => ranksOf(ranks, 8, "train.shards"),
        /--ranks must divide train.shards, which is 8: current/,
      );
    }
    for (const network of ["0", "", "fast", "Infinity"]) {
      assert.throws(() => planRanks({ network }, 8, 8, whole, bytes), /--network must be a number above 0/);
    }
    assert.throws(() => planRanks({ stepSeconds: "-1" }, 8, 8, whole, bytes), /--step-seconds must be/);
  });
});
