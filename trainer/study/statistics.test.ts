import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Random } from "#shared/problems/rng.ts";
import {
  bootstrapBand,
  interpolate,
  pairedEstimate,
  tEstimate,
  twoWayBootstrap,
  variance,
} from "./statistics.ts";

const close = (actual: number | null, expected: number, tolerance = 1e-4) =>
  assert.ok(Math.abs(actual! - expected) <= tolerance, `${actual} is not ${expected}`);

/** A standard normal number (Box and Muller). */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.real())) * Math.cos(2 * Math.PI * random.real());
}

describe("tEstimate()", () => {
  it("gives the interval of R's t.test(c(1, 2, 3, 4, 5))", () => {
    const { mean, low, high, n } = tEstimate([1, 2, 3, 4, 5]);
    assert.deepEqual([mean, n], [3, 5]);
    close(low, 1.036757);
    close(high, 4.963243);
  });

  it("knows no interval of a single value", () => {
    assert.deepEqual(tEstimate([0.5]), { mean: 0.5, low: null, high: null, n: 1 });
  });

  it("contains the true mean of five normal values 95 times in 100", () => {
    const random = new Random(1);
    let inside = 0;
    for (let i = 0; i < 4000; i++) {
      const { low, high } = tEstimate(Array.from({ length: 5 }, () => 7 + normal(random)));
      if (low! <= 7 && 7 <= high!) inside++;
    }
    // 95 % of 4000 with a standard error of 14: four of them either way.
    assert.ok(Math.abs(inside - 3800) < 56, `${inside}`);
  });
});

describe("pairedEstimate()", () => {
  it("takes out what both sides share", () => {
    const { mean, low, high } = pairedEstimate([10.1, 20.2, 30.3], [10, 20, 30]);
    close(mean, 0.2);
    // t = 4.3027 with two degrees of freedom, standard deviation 0.1
    close(low, 0.2 - 4.3027 * 0.1 / Math.sqrt(3));
    close(high, 0.2 + 4.3027 * 0.1 / Math.sqrt(3));
  });

  it("refuses sides of different lengths", () => {
    assert.throws(() => pairedEstimate([1], [1, 2]), /same seeds: counts are 1 and 2/);
  });
});

describe("bootstrapBand()", () => {
  it("is the mean with a band that contains it, and the same every time", () => {
    const curves = [[0, 0.2, 0.5], [0, 0.4, 0.7], [0, 0.3, 0.9]];
    const band = bootstrapBand(curves);
    band.forEach(({ mean }, x) => close(mean, [0, 0.3, 0.7][x]!));
    assert.deepEqual([band[0]!.low, band[0]!.high], [0, 0]);
    assert.ok(band[2]!.low! >= 0.5 && band[2]!.low! < 0.7 && band[2]!.high! > 0.7 && band[2]!.high! <= 0.9);
    assert.deepEqual(bootstrapBand(curves), band);
  });

  it("has the width that the standard error asks for with many curves", () => {
    const random = new Random(2);
    const column = Array.from({ length: 200 }, () => normal(random));
    const [band] = bootstrapBand(column.map((value) => [value]));
    const expected = 2 * 1.96 * Math.sqrt(variance(column) / 200);
    close((band!.high! - band!.low!) / expected, 1, 0.08);
  });
});

describe("twoWayBootstrap()", () => {
  it("sees both the spread of seeds and that of problems", () => {
    const width = (table: number[][]) => {
      const { low, high } = twoWayBootstrap(table);
      return high! - low!;
    };
    const problems = (share: number) => Array.from({ length: 100 }, (_, i) => i < 100 * share ? 1 : 0);
    const alike = [problems(0.5), problems(0.5), problems(0.5), problems(0.5)];
    const apart = [problems(0.1), problems(0.9), problems(0.3), problems(0.7)];
    // The seeds of `alike` fail at the same problems: the interval is that of 100 problems, not of 400.
    close(width(alike), 2 * 1.96 * 0.05, 0.02);
    assert.ok(width(apart) > 1.8 * width(alike), `${width(apart)} and ${width(alike)}`);
  });

  it("does not claim to be sure when all scores are alike", () => {
    // Wilson: n / (n + 1.96 ^ 2)
    const all = twoWayBootstrap([Array(40).fill(1), Array(40).fill(1)]);
    close(all.low, 40 / (40 + 1.95996 ** 2));
    assert.deepEqual([all.mean, all.high], [1, 1]);
    close(twoWayBootstrap([Array(40).fill(0)]).high, 1 - all.low!);
  });
});

describe("interpolate()", () => {
  it("follows the polyline and has no value outside of it", () => {
    const at = (x: number) => interpolate([1, 3, 4], [10, 30, 0], x);
    assert.deepEqual([at(1), at(2), at(3), at(3.5), at(4)], [10, 20, 30, 15, 0]);
    assert.deepEqual([at(0.9), at(4.1)], [null, null]);
  });
});
