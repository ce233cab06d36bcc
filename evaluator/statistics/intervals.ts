// Uncertainty of a benchmark score. Problems, not samples, are the independent draws: k samples of one problem share
// its difficulty. coverage.md has the measured coverage of every interval here; coverage.ts measures it.

import { mean } from "#shared/statistics.ts";
import { betaCdf, betaQuantile } from "./beta.ts";

/** Both ends of a two-sided 95 % interval, on the scale of the score. */
export interface Bounds {
  low: number;
  high: number;
}

/** Right samples of one problem. */
export interface Counts {
  correct: number;
  samples: number;
}

/** Problems added on either side before the spread between problems is estimated. */
const PRIOR = 2;

/** Clopper-Pearson's exact 95 % interval of `correct` successes in `n` trials; neither need be whole. */
export function exactInterval(correct: number, n: number): Bounds {
  if (n === 0) return { low: 0, high: 1 };
  return {
    low: correct <= 0 ? 0 : betaQuantile(0.025, correct, n - correct + 1),
    high: correct >= n ? 1 : betaQuantile(0.975, correct + 1, n - correct),
  };
}

/**
 * 95 % interval of the mean over problems of the share of right samples: Clopper-Pearson's at the effective number of
 * samples, as Korn and Graubard (1998) do for clustered surveys. That number lies between the number of problems
 * (samples of a problem all agree) and the number of samples (they are independent). It is estimated after two
 * problems wholly right and two wholly wrong were added, in the spirit of Agresti and Coull (1998): a handful of
 * problems, or of right samples, then says little about the spread, and another right sample never moves an end down.
 */
export function scoreInterval(problems: readonly Counts[]): Bounds {
  const n = problems.length;
  const shares = problems.map(({ correct, samples }) => correct / samples);
  const effective = effectiveSamples(shares, problems.reduce((sum, { samples }) => sum + samples, 0));
  return exactInterval(n === 0 ? 0 : mean(shares) * effective, effective);
}

function effectiveSamples(shares: readonly number[], samples: number): number {
  const n = shares.length;
  if (samples === n) return n;
  const total = n + 2 * PRIOR;
  const centre = (shares.reduce((sum, share) => sum + share, 0) + PRIOR) / total;
  const variance = (shares.reduce((sum, share) => sum + share * share, 0) + PRIOR) / total - centre * centre;
  return Math.max(n, Math.min(samples, n * centre * (1 - centre) / variance));
}

/**
 * 95 % interval of a mean of paired differences, each from -1 to 1: Student's, after two differences of +1 and two of
 * -1 were added (Agresti and Min 2005 add half as many for pairs of single samples). It never has width zero.
 */
export function differenceInterval(differences: readonly number[]): Bounds {
  const n = differences.length;
  if (n === 0) return { low: -1, high: 1 };
  const { centre, error } = differenceSpread(differences);
  const half = studentQuantile(n + 2 * PRIOR - 1) * error;
  const observed = mean(differences);
  return {
    low: Math.max(-1, Math.min(observed, centre - half)),
    high: Math.min(1, Math.max(observed, centre + half)),
  };
}

/** Mean and standard error of differences with the added ones. */
export function differenceSpread(differences: readonly number[]): { centre: number; error: number } {
  const n = differences.length + 2 * PRIOR;
  const centre = differences.reduce((sum, d) => sum + d, 0) / n;
  const squares = differences.reduce((sum, d) => sum + d * d, 2 * PRIOR) - n * centre * centre;
  return { centre, error: Math.sqrt(squares / (n - 1) / n) };
}

/**
 * 95 % interval of the unweighted average of independent scores from their own intervals: each end is as far from the
 * average as the root of the summed squares of the distances there (MOVER, Zou and Donner 2008). The benchmarks
 * themselves are not a sample of anything.
 */
export function averageInterval(scores: readonly (Bounds & { mean: number })[]): Bounds {
  const centre = mean(scores.map((score) => score.mean));
  const distance = (end: (score: Bounds & { mean: number }) => number): number =>
    Math.hypot(...scores.map(end)) / scores.length;
  return {
    low: centre - distance((score) => score.mean - score.low),
    high: centre + distance((score) => score.high - score.mean),
  };
}

/** The t that a Student variable exceeds in size with probability 5 %. */
export function studentQuantile(degrees: number): number {
  let low = 1;
  let high = 1000;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (betaCdf(degrees / (degrees + middle * middle), degrees / 2, 0.5) > 0.05) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
