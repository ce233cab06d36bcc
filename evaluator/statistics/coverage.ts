// Measures how often the intervals cover the truth, and prints the table of coverage.md:
// deno run --allow-read evaluator/statistics/coverage.ts > evaluator/statistics/coverage.md
// Problems are drawn from a beta distribution with mean p; `icc` is the correlation of two samples of one problem
// (0: independent, 1: a problem is always or never solved).

import { Random } from "#shared/problems/rng.ts";
import { logGamma } from "./beta.ts";
import { type Counts, differenceInterval, scoreInterval } from "./intervals.ts";

const ACCURACIES = [0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98];
const CORRELATIONS = [0, 0.1, 0.3, 0.6, 0.9, 1];

/** The least coverage over all accuracies and correlations, with where it was, for n problems of k samples. */
export function leastCoverage(n: number, k: number, runs: number): { coverage: number; at: string } {
  let least = { coverage: Infinity, at: "" };
  for (const p of ACCURACIES) {
    for (const icc of k === 1 ? [0] : CORRELATIONS) {
      const random = new Random(n, k, Math.round(p * 1000), Math.round(icc * 1000));
      const distribution = cumulative(p, icc, k);
      const known = new Map<string, boolean>();
      let covered = 0;
      for (let run = 0; run < runs; run++) {
        const histogram = new Array<number>(k + 1).fill(0);
        for (let i = 0; i < n; i++) histogram[draw(distribution, random)]!++;
        const key = histogram.join(" ");
        let covers = known.get(key);
        if (covers === undefined) {
          const { low, high } = scoreInterval(problemsOf(histogram, k));
          covers = low <= p && p <= high;
          known.set(key, covers);
        }
        if (covers) covered++;
      }
      if (covered / runs < least.coverage) least = { coverage: covered / runs, at: `p = ${p}, icc = ${icc}` };
    }
  }
  return least;
}

/** The same for paired differences: B solves what A solves and, with probability `gain`, what A does not. */
export function leastPairedCoverage(n: number, k: number, runs: number): { coverage: number; at: string } {
  let least = { coverage: Infinity, at: "" };
  for (const p of [0.02, 0.1, 0.3, 0.5, 0.8, 0.98]) {
    for (const gain of [0, 0.05, 0.2]) {
      for (const icc of k === 1 ? [0] : [0, 0.3, 0.9]) {
        const random = new Random(
          n,
          k,
          Math.round(p * 1000),
          Math.round(gain * 1000),
          Math.round(icc * 1000),
          7,
        );
        const distribution = cumulative(p, icc, k);
        const truth = gain * (1 - p);
        let covered = 0;
        for (let run = 0; run < runs; run++) {
          const differences = Array.from({ length: n }, () => {
            const solved = draw(distribution, random);
            let more = 0;
            for (let i = solved; i < k; i++) if (random.real() < gain) more++;
            return more / k;
          });
          const { low, high } = differenceInterval(differences);
          if (low <= truth && truth <= high) covered++;
        }
        const at = `p = ${p}, gain = ${gain}, icc = ${icc}`;
        if (covered / runs < least.coverage) least = { coverage: covered / runs, at };
      }
    }
  }
  return least;
}

/** Cumulative probabilities of 0..k right samples of one problem (beta-binomial). */
function cumulative(p: number, icc: number, k: number): number[] {
  const logChoose = (j: number) => logGamma(k + 1) - logGamma(j + 1) - logGamma(k - j + 1);
  const logBeta = (a: number, b: number) => logGamma(a) + logGamma(b) - logGamma(a + b);
  const size = icc === 0 || icc === 1 ? 0 : (1 - icc) / icc;
  const probability = (j: number): number => {
    if (icc === 0) return Math.exp(logChoose(j) + j * Math.log(p) + (k - j) * Math.log(1 - p));
    if (icc === 1) return j === 0 ? 1 - p : j === k ? p : 0;
    const [a, b] = [p * size, (1 - p) * size];
    return Math.exp(logChoose(j) + logBeta(j + a, k - j + b) - logBeta(a, b));
  };
  let sum = 0;
  return Array.from({ length: k + 1 }, (_, j) => sum += probability(j));
}

function draw(distribution: readonly number[], random: Random): number {
  const u = random.real() * distribution.at(-1)!;
  return distribution.findIndex((bound) => u < bound);
}

function problemsOf(histogram: readonly number[], samples: number): Counts[] {
  return histogram.flatMap((count, correct) => Array.from({ length: count }, () => ({ correct, samples })));
}

if (import.meta.main) {
  const row = (cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);
  const percent = ({ coverage, at }: { coverage: number; at: string }) =>
    `${(100 * coverage).toFixed(1)} % (${at})`;
  console.log(`# Coverage of the 95 % intervals

Least coverage over accuracies from 0.02 to 0.98 and correlations of a problem's samples from 0 to 1, by simulation
(10,000 runs per cell; 2,000 from 500 problems on, with a standard error of 0.5 points). Made by
\`deno run --allow-read evaluator/statistics/coverage.ts\`.

## A score (\`scoreInterval\`)
`);
  const sizes = [3, 5, 30, 500];
  row(["problems", "k = 1", "k = 4", "k = 16"]);
  row(["---", "---", "---", "---"]);
  for (const n of sizes) {
    row([n, ...[1, 4, 16].map((k) => percent(leastCoverage(n, k, n < 500 ? 10_000 : 2000)))]);
  }
  console.log("\n## A paired difference (`differenceInterval`)\n");
  row(["problems", "k = 1", "k = 4"]);
  row(["---", "---", "---"]);
  for (const n of sizes) {
    row([n, ...[1, 4].map((k) => percent(leastPairedCoverage(n, k, n < 500 ? 5000 : 2000)))]);
  }
}
