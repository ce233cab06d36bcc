// Estimators, intervals and tests against values worked out by hand or enumerated.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Random } from "#shared/problems/rng.ts";
import { mean } from "#shared/statistics.ts";
import { gPassAtK, majorityAtK, meanGPassAtK, passAtK } from "./estimators.ts";
import { clusterBootstrap, scoreInterval, wilsonInterval } from "./intervals.ts";
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
  it("Wilson: 8 of 10 is [0.490, 0.943], the ends are exact", () => {
    const { low, high } = wilsonInterval(8, 10);
    near(low, 0.4901625, 1e-6);
    near(high, 0.9433178, 1e-6);
    assert.equal(wilsonInterval(0, 30).low, 0);
    assert.equal(wilsonInterval(30, 30).high, 1);
  });

  it("cluster bootstrap is reproducible and about 1.96 standard errors wide", () => {
    const random = new Random(7);
    const scores = Array.from({ length: 400 }, () => random.between(0, 4) / 4);
    const a = clusterBootstrap(scores, mean);
    assert.deepEqual(a, clusterBootstrap(scores, mean));
    const deviation = Math.sqrt(mean(scores.map((x) => (x - mean(scores)) ** 2)));
    near((a.high - a.low) / 2, 1.96 * deviation / Math.sqrt(400), 0.004);
  });

  it("coverage of the clustered interval is near 95 % where samples of a problem are dependent", () => {
    // Each problem is either always or never solved: 40 problems, 8 samples, true mean 0.5.
    const random = new Random(3);
    let covered = 0;
    for (let run = 0; run < 300; run++) {
      const scores = Array.from({ length: 40 }, () => random.real() < 0.5 ? 1 : 0);
      const { low, high } = scoreInterval(scores, 8);
      if (low <= 0.5 && 0.5 <= high) covered++;
    }
    assert.ok(covered / 300 > 0.9 && covered / 300 < 0.985, `covered ${covered} of 300`);
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
