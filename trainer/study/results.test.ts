import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { Cell, RunData, Series } from "./run_data.ts";
import { type ArmData, curve, differenceAt, testDifference, testScore, tracedShare } from "./results.ts";

const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);

/** A run with evaluations at steps 0, 2 and 4. */
function run(
  tokens: number[],
  accuracy: number[],
  metrics: Record<string, Series> = {},
  cells: Cell[] = [],
): RunData {
  return {
    facts: {
      arm: "a",
      seed: 1,
      model_sha256: "",
      parameters: 1,
      token_budget: null,
      test: { families: ["chain"], levels: [1], count: 1, problems_seed: 1, hint_ratio: 0 },
      recipe: {},
    },
    metrics: new Map(
      Object.entries({ generated_tokens: tokens, tflop: tokens.map((t) => t / 1000), ...metrics }),
    ),
    evaluations: new Map([["eval_accuracy", { steps: [0, 2, 4], values: accuracy }]]),
    cells,
  };
}

function arm(...runs: RunData[]): ArmData {
  return {
    arm: { name: "a", title: "A", set: {}, reference: null },
    runs: new Map(runs.map((data, seed) => [seed, data])),
    start: [],
  };
}

const cell = (level: number, right: string, traced: string): Cell => ({
  kind: "cell",
  family: "chain",
  level,
  hint_ratio: 0,
  right,
  traced,
});

describe("differenceAt()", () => {
  // The first arm needs twice the tokens of the second for a step.
  const ghpo = arm(run([200, 400, 600, 800], [0, 0.4, 0.8]), run([200, 400, 600, 800], [0, 0.5, 0.9]));
  const grpo = arm(run([100, 200, 300, 400], [0, 0.1, 0.2]), run([100, 200, 300, 400], [0, 0.2, 0.3]));

  it("compares at equal steps as far as both have come", () => {
    const { mean, at } = differenceAt(ghpo, grpo, "steps")!;
    assert.equal(at, 4);
    close(mean, 0.6);
  });

  it("compares at equal tokens, interpolating between evaluations", () => {
    const { mean, at } = differenceAt(ghpo, grpo, "generated tokens")!;
    assert.equal(at, 400);
    close(mean, ((0.4 - 0.2) + (0.5 - 0.3)) / 2);
  });

  it("pairs by seed and leaves seeds out that one arm lacks", () => {
    const one = arm(run([100, 200, 300, 400], [0, 0.1, 0.2]));
    const { mean, n, low } = differenceAt(ghpo, one, "steps")!;
    close(mean, 0.6);
    assert.deepEqual([n, low], [1, null]);
  });
});

describe("curve()", () => {
  it("is the mean over seeds up to where the shortest has come", () => {
    const points = curve(
      arm(run([1, 2, 3, 10], [0, 0.5, 1]), run([1, 2, 3, 4], [0, 0.5, 0])),
      "generated tokens",
    );
    assert.deepEqual([points[0]!.x, points.at(-1)!.x], [0, 4]);
    // The first run is a quarter of the way from 0.5 (2 tokens) to 1 (10 tokens).
    close(points.at(-1)!.mean, (0.625 + 0) / 2);
  });

  it("ends at the last evaluation, whatever its place rounds to", () => {
    for (let i = 1; i < 500; i++) {
      const end = 0.0010000001 * i; // of some of these, x * 40 / 40 > x
      const points = curve(arm(run([0, end / 4, end / 2, end].map((x) => 1000 * x), [0, 0.5, 1])), "TFLOP");
      assert.equal(points.at(-1)!.mean, 1);
    }
  });
});

describe("final test", () => {
  const cells = [
    cell(1, "1111", "1111"),
    cell(4, "1100", "1000"),
    { ...cell(4, "1110", "1110"), hint_ratio: 0.5 },
    { ...cell(4, "0", "0"), family: "gcd" as const },
  ];

  it("weighs every cell alike and takes the families that are asked for", () => {
    assert.equal(testScore(cells, { families: ["chain"] }), 0.75);
    assert.equal(testScore(cells, { families: ["chain", "gcd"] }), 0.5);
    assert.equal(testScore(cells, { families: ["chain"], bits: "traced" }), 0.625);
    assert.equal(testScore(cells, { families: ["chain"], from: 3 }), 0.5);
    assert.equal(testScore(cells, { families: ["chain"], from: 3, hinted: true }), 0.75);
    assert.equal(testScore(cells, { families: ["gcd"], hinted: true }), null);
  });

  it("tells how many right answers to hard problems have a right trace", () => {
    assert.equal(tracedShare(cells, ["chain"], 3), 0.5);
    assert.equal(tracedShare([cell(4, "00", "00")], ["chain"], 3), null);
  });

  it("is compared by seed", () => {
    const with_ = (right: string) => run([1, 2, 3, 4], [0, 0, 0], {}, [cell(1, right, "0000")]);
    const difference = testDifference(arm(with_("1111"), with_("1110")), arm(with_("1100"), with_("1000")), {
      families: ["chain"],
    });
    close(difference!.mean, 0.5);
    assert.deepEqual([difference!.low, difference!.high], [0.5, 0.5]);
  });
});
