import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { checkBestBy, isBetter } from "./best.ts";

const by = (best_by: string, greater_is_better: boolean | null = null) => ({ best_by, greater_is_better });

describe("checkBestBy()", () => {
  it("refuses a metric that the run does not have, and names the nearest", () => {
    checkBestBy(by(""), []);
    checkBestBy(by("reward"), ["reward"]);
    assert.throws(
      () => checkBestBy(by("eval_acuracy"), ["eval_accuracy", "reward"]),
      /\(the nearest is eval_accuracy\): current value is eval_acuracy$/,
    );
    assert.throws(
      () => checkBestBy(by("eval_accuracy"), []),
      /as this run has no evaluation .* eval_accuracy$/,
    );
  });
});

describe("isBetter()", () => {
  it("knows smaller from larger, unless it is told", () => {
    assert.equal(isBetter(0.6, { value: 0.5 }, by("eval_accuracy")), true);
    assert.equal(isBetter(0.5, { value: 0.5 }, by("eval_accuracy")), false);
    for (const name of ["ghpo/frac_unsolved", "completions/clipped_ratio", "eval_completions/mean_length"]) {
      assert.equal(isBetter(0.4, { value: 0.5 }, by(name)), true, name);
      assert.equal(isBetter(0.4, { value: 0.5 }, by(name, true)), false, name);
    }
    assert.equal(isBetter(0.4, { value: 0.5 }, by("reward", false)), true);
  });

  it("takes the first number, and no number for none", () => {
    assert.equal(isBetter(-1, null, by("reward")), true);
    for (const value of [null, undefined, NaN]) assert.equal(isBetter(value, null, by("reward")), false);
  });
});
