// Uncertainty over seeds. A study has few of them, so means and paired differences get Student's t interval (the
// percentile bootstrap of five numbers is too narrow); curves, whose points belong together, get bootstrap bands; a
// cell of the final test, where seeds and problems both vary, is drawn again over both.

import { Random } from "#shared/problems/rng.ts";
import { mean, quantile } from "#shared/statistics.ts";

/** A mean with its 95 % interval; the ends are null when one value says nothing about the spread. */
export interface Estimate {
  mean: number;
  low: number | null;
  high: number | null;
  n: number;
}

/** 97.5 % quantiles of Student's t with 1 to 30 degrees of freedom (R: qt(0.975, 1:30)). */
const T975 = [
  12.7062,
  4.3027,
  3.1824,
  2.7764,
  2.5706,
  2.4469,
  2.3646,
  2.3060,
  2.2622,
  2.2281,
  2.2010,
  2.1788,
  2.1604,
  2.1448,
  2.1314,
  2.1199,
  2.1098,
  2.1009,
  2.0930,
  2.0860,
  2.0796,
  2.0739,
  2.0687,
  2.0639,
  2.0595,
  2.0555,
  2.0518,
  2.0484,
  2.0452,
  2.0423,
];
const Z975 = 1.95996;

/** Sample variance (n - 1); NaN of a single value. */
export function variance(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}

/** Mean and 95 % t interval of independent values, one a seed. */
export function tEstimate(values: readonly number[]): Estimate {
  const n = values.length;
  const centre = mean(values);
  if (n < 2) return { mean: centre, low: null, high: null, n };
  const half = (T975[n - 2] ?? Z975) * Math.sqrt(variance(values) / n);
  return { mean: centre, low: centre - half, high: centre + half, n };
}

/** The estimate of a[i] - b[i], the i-th values belonging to the same seed. */
export function pairedEstimate(a: readonly number[], b: readonly number[]): Estimate {
  if (a.length !== b.length) {
    throw new RangeError(
      `Cannot pair as both sides must have the same seeds: counts are ${a.length} and ${b.length}`,
    );
  }
  return tEstimate(a.map((value, i) => value - b[i]!));
}

const RESAMPLES = 2000;

/**
 * Mean curve and pointwise 95 % percentile-bootstrap band over curves (one a seed, all on the same grid). The curves
 * are drawn as wholes, the same draws at every point.
 */
export function bootstrapBand(curves: readonly (readonly number[])[], seed = 1): Estimate[] {
  const points = curves[0]?.length ?? 0;
  const n = curves.length;
  const random = new Random(seed);
  const draws = Array.from(
    { length: RESAMPLES },
    () => Array.from({ length: n }, () => random.between(0, n - 1)),
  );
  return Array.from({ length: points }, (_, x) => {
    const column = curves.map((curve) => curve[x]!);
    const centre = mean(column);
    if (n < 2) return { mean: centre, low: null, high: null, n };
    const means = draws.map((draw) => draw.reduce((sum, i) => sum + column[i]!, 0) / n);
    return { mean: centre, ...interval(means), n };
  });
}

/**
 * Mean and 95 % percentile-bootstrap interval of a table scores[seed][problem] of 0 and 1, drawn again over seeds and
 * over problems: what a new seed on new problems would give. Where all scores are alike, so that no draw differs, it
 * is Wilson's interval for as many trials as there are problems.
 */
export function twoWayBootstrap(scores: readonly (readonly number[])[], seed = 1): Estimate {
  const seeds = scores.length;
  const problems = scores[0]?.length ?? 0;
  const centre = mean(scores.map(mean));
  if (centre === 0 || centre === 1) return { mean: centre, ...wilsonOfAlike(centre, problems), n: seeds };
  const random = new Random(seed);
  const means: number[] = [];
  for (let r = 0; r < RESAMPLES; r++) {
    const rows = Array.from({ length: seeds }, () => scores[random.between(0, seeds - 1)]!);
    let sum = 0;
    for (let j = 0; j < problems; j++) {
      const problem = random.between(0, problems - 1);
      for (const row of rows) sum += row[problem]!;
    }
    means.push(sum / (seeds * problems));
  }
  return { mean: centre, ...interval(means), n: seeds };
}

/** Wilson's 95 % interval when none (p = 0) or all (p = 1) of n trials succeeded. */
function wilsonOfAlike(p: number, n: number): { low: number; high: number } {
  const far = Z975 ** 2 / (n + Z975 ** 2);
  return p === 0 ? { low: 0, high: far } : { low: 1 - far, high: 1 };
}

/** The value at `x` of the polyline through (xs, ys), xs increasing; null outside of it. */
export function interpolate(xs: readonly number[], ys: readonly number[], x: number): number | null {
  const right = xs.findIndex((value) => value >= x);
  if (right < 0 || (right === 0 && xs[0] !== x)) return null;
  if (xs[right] === x) return ys[right]!;
  const share = (x - xs[right - 1]!) / (xs[right]! - xs[right - 1]!);
  return ys[right - 1]! + share * (ys[right]! - ys[right - 1]!);
}

function interval(values: readonly number[]): { low: number; high: number } {
  const sorted = Float64Array.from(values).sort();
  return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}
