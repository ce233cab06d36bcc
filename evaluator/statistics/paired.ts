// Two models on the same problems: differences are paired by problem, which removes the problems' own
// difficulty from the noise. One test a benchmark, Holm's correction over several.

import { Random } from "#shared/problems/rng.ts";
import { mean } from "#shared/statistics.ts";
import { type Bounds, differenceInterval, differenceSpread } from "./intervals.ts";

/** Outcome of a paired comparison; `difference` is B minus A on the scale 0..1. */
export interface PairedComparison {
  problems: number;
  difference: number;
  interval: Bounds;
  p_value: number;
  test: "mcnemar" | "permutation";
  won: number;
  lost: number;
  tied: number;
  /** Smallest true difference that this comparison would find with 80 % power at 5 %. */
  minimum_detectable: number;
}

/**
 * Compares per-problem scores `a` and `b` (same problems, same order, each 0..1).
 * Exact McNemar when all scores are 0 or 1, else a sign-flip permutation test with a fixed seed.
 */
export function comparePaired(a: readonly number[], b: readonly number[], seed = 1): PairedComparison {
  if (a.length !== b.length) {
    throw new RangeError(
      `Cannot compare as both runs must hold the same problems: counts are ${a.length} and ${b.length}`,
    );
  }
  const differences = b.map((score, i) => score - (a[i] as number));
  const won = differences.filter((d) => d > 0).length;
  const lost = differences.filter((d) => d < 0).length;
  const binary = [...a, ...b].every((score) => score === 0 || score === 1);
  return {
    problems: a.length,
    difference: a.length === 0 ? 0 : mean(differences),
    interval: differenceInterval(differences),
    p_value: binary ? mcnemarExact(won, lost) : signFlipTest(differences, seed),
    test: binary ? "mcnemar" : "permutation",
    won,
    lost,
    tied: a.length - won - lost,
    minimum_detectable: (1.959963984540054 + 0.8416212335729143) * differenceSpread(differences).error,
  };
}

/** Exact two-sided McNemar test: binomial(won + lost, 1/2) on the discordant problems. */
export function mcnemarExact(won: number, lost: number): number {
  const n = won + lost;
  let tail = 0;
  let term = Math.pow(0.5, n);
  if (term === 0) return normalTwoSided((Math.abs(won - lost) - 1) / Math.sqrt(n)); // n > 1,074 underflows
  for (let i = 0; i <= Math.min(won, lost); i++) {
    tail += term;
    term *= (n - i) / (i + 1);
  }
  return Math.min(1, 2 * tail);
}

/** Two-sided p-value of mean 0 by flipping the sign of every difference at random. */
export function signFlipTest(differences: readonly number[], seed: number, permutations = 10_000): number {
  const moved = differences.filter((d) => d !== 0);
  const observed = Math.abs(moved.reduce((x, y) => x + y, 0));
  const random = new Random(seed);
  let asExtreme = 1; // the observed assignment is one of the permutations
  for (let r = 0; r < permutations; r++) {
    let sum = 0;
    for (const d of moved) sum += random.real() < 0.5 ? d : -d;
    if (Math.abs(sum) >= observed - 1e-12) asExtreme++;
  }
  return asExtreme / (permutations + 1);
}

/** Holm's step-down correction: adjusted p-values in the order given. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((i, j) => (pValues[i] as number) - (pValues[j] as number));
  const adjusted = new Array<number>(pValues.length).fill(1);
  let running = 0;
  order.forEach((index, rank) => {
    running = Math.max(running, Math.min(1, (pValues[index] as number) * (pValues.length - rank)));
    adjusted[index] = running;
  });
  return adjusted;
}

/** 2 * (1 - Phi(z)) by the rational approximation 7.1.26 of Abramowitz and Stegun, error below 2e-7. */
function normalTwoSided(z: number): number {
  const x = Math.max(z, 0) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const poly = t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return poly * Math.exp(-x * x);
}
