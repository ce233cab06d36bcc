// Uncertainty of a benchmark score. Problems, not samples, are the independent draws: k samples of one
// problem share its difficulty. Follows Miller 2024 (arXiv 2411.00640) and, for small sets, the advice
// of arXiv 2503.01747 not to use the normal approximation.

import { Random } from "#shared/problems/rng.ts";
import { mean, quantile } from "#shared/statistics.ts";

/** A two-sided interval on the scale of the score, 0..1. */
export interface Interval {
  low: number;
  high: number;
}

const Z95 = 1.959963984540054;

/** Wilson 95 % score interval of `correct` successes in `n` trials. */
export function wilsonInterval(correct: number, n: number, z = Z95): Interval {
  if (n === 0) return { low: 0, high: 1 };
  const p = correct / n;
  const denominator = 1 + z * z / n;
  const centre = (p + z * z / (2 * n)) / denominator;
  const half = z * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / denominator;
  // The ends are exact at 0 and n successes; rounding must not move them.
  return { low: correct === 0 ? 0 : centre - half, high: correct === n ? 1 : centre + half };
}

/**
 * Percentile bootstrap of `statistic` over clusters (one entry a problem), 95 %.
 * The same seed gives the same interval on every machine.
 */
export function clusterBootstrap<T>(
  clusters: readonly T[],
  statistic: (drawn: readonly T[]) => number,
  { resamples = 2000, seed = 1, level = 0.95 } = {},
): Interval {
  if (clusters.length === 0) return { low: 0, high: 1 };
  const random = new Random(seed);
  const drawn = new Array<T>(clusters.length);
  const values = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < drawn.length; i++) {
      drawn[i] = clusters[random.between(0, clusters.length - 1)] as T;
    }
    values[r] = statistic(drawn);
  }
  values.sort();
  return { low: quantile(values, (1 - level) / 2), high: quantile(values, (1 + level) / 2) };
}

/**
 * 95 % percentile bootstrap of the unweighted mean of several benchmarks' means: problems are drawn
 * within each benchmark, because the benchmarks themselves are not a sample of anything.
 */
export function stratifiedBootstrap(
  strata: readonly (readonly number[])[],
  { resamples = 2000, seed = 1 } = {},
): Interval {
  const random = new Random(seed);
  const values = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    let sum = 0;
    for (const scores of strata) {
      let drawn = 0;
      for (let i = 0; i < scores.length; i++) drawn += scores[random.between(0, scores.length - 1)] as number;
      sum += drawn / scores.length;
    }
    values[r] = sum / strata.length;
  }
  values.sort();
  return { low: quantile(values, 0.025), high: quantile(values, 0.975) };
}

/**
 * 95 % interval of a mean of per-problem scores: Wilson when each problem was sampled once (then the
 * scores are Bernoulli trials), else the cluster bootstrap, widened to Wilson's interval on the number
 * of problems when every problem scored alike and the bootstrap cannot see any spread.
 */
export function scoreInterval(perProblem: readonly number[], samplesEach: number): Interval {
  const n = perProblem.length;
  const sum = perProblem.reduce((a, b) => a + b, 0);
  const uniform = perProblem.every((score) => score === perProblem[0]);
  if (samplesEach === 1 || uniform) return wilsonInterval(sum, n);
  return clusterBootstrap(perProblem, mean);
}
