import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { combine, type Machine } from "./measure.ts";

const machine: Machine = {
  cpu: "test",
  cores: 2,
  load: [0, 0, 0],
  versions: { bun: "1", deno: "2", node: "3" },
  date: "2000-01-01",
};
const timing = (median: number) => ({ median, stddev: 0.1, min: median - 0.2, max: median + 0.2 });
const outcome = (seconds: number, digest = "d") => ({ work: 100, unit: "things", seconds, digest });
const startup = { bun: timing(0.1), deno: timing(0.2), node: timing(0.3) };
const whole = { bun: timing(1), deno: timing(2), node: timing(0.5) };

describe("combine()", () => {
  const outcomes = {
    bun: [outcome(0.5), outcome(9), outcome(0.4)],
    deno: [outcome(1), outcome(1), outcome(1)],
    node: [outcome(0.25), outcome(0.25), outcome(0.25)],
  };

  it("takes the median of the work and hyperfine's figures of the process", () => {
    const { figures, unit, work } = combine({ name: "x", method: "m" }, outcomes, whole, startup, machine);
    assert.deepEqual([work, unit], [100, "things"]);
    assert.deepEqual(figures.bun, {
      process_s: 1,
      process_stddev_s: 0.1,
      process_min_s: 0.8,
      process_max_s: 1.2,
      startup_s: 0.1,
      work_s: 0.5,
      per_second: 200,
      digest: "d",
    });
  });

  it("gives ratios to Bun, the ones that Bun loses included", () => {
    const { ratios, same_result } = combine({ name: "x", method: "m" }, outcomes, whole, startup, machine);
    assert.deepEqual(ratios, {
      process: { bun: 1, deno: 2, node: 0.5 },
      work: { bun: 1, deno: 2, node: 0.5 },
    });
    assert.equal(same_result, true);
  });

  it("notices a runtime that computed something else", () => {
    const other = { ...outcomes, deno: [outcome(1, "other"), outcome(1), outcome(1)] };
    assert.equal(combine({ name: "x", method: "m" }, other, whole, startup, machine).same_result, false);
  });
});
