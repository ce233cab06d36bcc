// Estimators, intervals and tests against values worked out by hand or enumerated.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Random } from "#shared/problems/rng.ts";
import { gPassAtK, majorityAtK, meanGPassAtK, passAtK } from "./estimators.ts";
import { betaCdf, betaQuantile } from "./beta.ts";
import { leastCoverage, leastPairedCoverage } from "./coverage.ts";
import {
  averageInterval,
  type Counts,
  differenceInterval,
  exactInterval,
  scoreInterval,
  studentQuantile,
} from "./intervals.ts";
import { comparePaired, holm, mcnemarExact, signFlipTest } from "./paired.ts";

/** All k-subsets of n samples of which the first c are correct: counts of correct ones. */
function subsets(n: number, c: number, k: number): number[] {
  const counts: number[] = [];
  for (let mask = 0; mask < 1 << n; mask++) {
    const chosen = [...Array(n).keys()].filter((i) => mask & (1 << i));
    if (chosen.length === k) counts.push(chosen.filter((i) => i < c).length);
  }
  return counts;
}

function near(actual: number, expected: number, tolerance = 1e-12): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

describe("estimators", () => {
  it("pass@k and G-Pass@k equal the enumeration over all subsets", () => {
    for (let n = 1; n <= 6; n++) {
      for (let c = 0; c <= n; c++) {
        for (let k = 1; k <= n; k++) {
          const counts = subsets(n, c, k);
          const share = (holds: (count: number) => boolean) => counts.filter(holds).length / counts.length;
          near(passAtK(n, c, k), share((count) => count > 0));
          for (const tau of [0, 0.25, 0.5, 0.75, 1]) {
            near(gPassAtK(n, c, k, tau), share((count) => count >= Math.max(Math.ceil(tau * k), 1)));
          }
        }
      }
    }
  });

  it("mG-Pass@k averages the upper half of the thresholds", () => {
    near(meanGPassAtK(4, 2, 2), gPassAtK(4, 2, 2, 1));
    near(meanGPassAtK(3, 3, 2), 1);
  });

  it("refuses more than there are samples, and k below 1", () => {
    assert.throws(() => passAtK(1, 1, 2), /k = 2 as a problem has only 1 samples/);
    assert.throws(() => passAtK(4, 1, 0), /positive integer/);
  });

  it("maj@k clusters by equivalence, ignores unread answers and shares ties", () => {
    const same = (a: string, b: string) => Number(a) === Number(b);
    const vote = (answer: string | null, correct: boolean) => ({ answer, correct });
    assert.equal(majorityAtK([vote("3", false), vote("0.50", true), vote(".5", true)], 3, same), 1);
    assert.equal(majorityAtK([vote("1", true), vote("2", false)], 2, same), 0.5);
    assert.equal(majorityAtK([vote("2", false), vote("1", true)], 2, same, "first"), 0);
    assert.equal(majorityAtK([vote(null, false), vote(null, false), vote("1", true)], 3, same), 1);
    assert.equal(majorityAtK([vote(null, false)], 1, same), 0);
  });
});

describe("intervals", () => {
  const counts = (corrects: number[], samples: number, n: number): Counts[] =>
    Array.from({ length: n }, (_, i) => ({ correct: corrects[i] ?? 0, samples }));

  it("the beta distribution agrees with scipy 1.17.1", () => {
    near(betaCdf(0.3, 2.5, 4), 0.3521975859067672, 1e-12);
    near(betaCdf(0.999, 80.5, 3), 0.999915003160469, 1e-12);
    near(betaQuantile(0.975, 1.3, 35.2), 0.11438477821654226, 1e-12);
    near(betaQuantile(0.025, 300, 200), 0.5567427019662632, 1e-12);
    near(studentQuantile(29), 2.045229642132703, 1e-9);
  });

  it("is Clopper and Pearson's for one sample a problem: scipy's binomtest(8, 10)", () => {
    const { low, high } = scoreInterval(counts(Array(8).fill(1), 1, 10));
    near(low, 0.4439045376923585, 1e-9);
    near(high, 0.9747892736731666, 1e-9);
    assert.deepEqual(exactInterval(0, 30).low, 0);
    assert.deepEqual(exactInterval(30, 30).high, 1);
  });

  it("AIME, 30 problems of 4 samples: one right sample does not look better than none", () => {
    const none = scoreInterval(counts([], 4, 30));
    const one = scoreInterval(counts([1], 4, 30));
    near(none.high, 0.1157, 1e-4);
    near(one.high, 0.1214, 1e-4);
    assert.ok(one.low > 0);
  });

  it("never moves an end down for one more right sample", () => {
    const random = new Random(2);
    for (const [n, k] of [[3, 4], [5, 4], [30, 4], [5, 16]] as const) {
      for (let trial = 0; trial < 300; trial++) {
        const solved = random.real();
        const corrects = Array.from({ length: n }, () => random.real() < solved ? random.between(0, k) : 0);
        const i = random.between(0, n - 1);
        if (corrects[i] === k) continue;
        const before = scoreInterval(counts(corrects, k, n));
        corrects[i]!++;
        const after = scoreInterval(counts(corrects, k, n));
        assert.ok(
          after.low >= before.low - 1e-12 && after.high >= before.high - 1e-12,
          `${n} x ${k}: ${corrects}`,
        );
      }
    }
  });

  it("covers the truth in at least 93 % for few problems and many (the whole table is in coverage.md)", () => {
    for (const [n, k] of [[3, 1], [3, 16], [5, 4], [30, 4]] as const) {
      const { coverage, at } = leastCoverage(n, k, 1500);
      assert.ok(coverage >= 0.93, `${n} x ${k}: ${coverage} at ${at}`);
    }
    for (const [n, k] of [[5, 1], [30, 4]] as const) {
      const { coverage, at } = leastPairedCoverage(n, k, 1500);
      assert.ok(coverage >= 0.92, `pairs ${n} x ${k}: ${coverage} at ${at}`); // of 93 % with 0.7 points of noise
    }
  });

  it("the committed table says so of every cell", () => {
    const table = Deno.readTextFileSync(new URL("./coverage.md", import.meta.url));
    const cells = [...table.matchAll(/([\d.]+) % \(/g)].map((match) => Number(match[1]));
    assert.equal(cells.length, 20);
    assert.ok(cells.every((cell) => cell >= 93), String(cells));
  });

  it("is never a point: averages of nothing right, differences of nothing changed", () => {
    const { low, high } = averageInterval(
      [0, 1].map(() => ({ mean: 0, ...scoreInterval(counts([], 1, 30)) })),
    );
    assert.equal(low, 0);
    near(high, 0.1157 / Math.SQRT2, 1e-4);
    const same = differenceInterval(Array(30).fill(0));
    near(same.high, 0.12148, 1e-4);
    near(same.low, -same.high);
  });
});

describe("paired tests", () => {
  it("McNemar: 1 won and 9 lost gives 2 * (1 + 10) / 1024", () => {
    near(mcnemarExact(1, 9), 22 / 1024);
    assert.equal(mcnemarExact(0, 0), 1);
    near(mcnemarExact(600, 700), 0.00608, 2e-4); // beyond the range of the exact sum
  });

  it("sign flips: three equal differences can be beaten by 2 of 8 assignments", () => {
    near(signFlipTest([0.5, 0.5, 0.5], 1), 0.25, 0.02);
  });

  it("Holm multiplies the smallest by the number of tests and stays monotone", () => {
    assert.deepEqual(holm([0.01, 0.04, 0.03]).map((p) => Math.round(p * 1000) / 1000), [0.03, 0.06, 0.06]);
  });

  it("compares by problem and refuses unequal lengths", () => {
    const result = comparePaired([0, 0, 1, 1], [1, 1, 1, 0]);
    assert.equal(result.difference, 0.25);
    assert.deepEqual([result.won, result.lost, result.tied], [2, 1, 1]);
    assert.equal(result.test, "mcnemar");
    assert.throws(() => comparePaired([1], [1, 0]), /same problems/);
  });

  it("finds a true difference of 20 points on 200 paired problems", () => {
    const random = new Random(5);
    const a = Array.from({ length: 200 }, () => random.real() < 0.4 ? 1 : 0);
    const b = a.map((score) => score === 1 || random.real() < 1 / 3 ? 1 : 0);
    const { p_value, interval } = comparePaired(a, b);
    assert.ok(p_value < 1e-4 && interval.low > 0.1 && interval.high < 0.3);
  });
});
