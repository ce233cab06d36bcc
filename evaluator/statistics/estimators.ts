// What one problem's samples say about the model: pass@k (avg@n is pass@1 of n samples), G-Pass@k and maj@k.
// All of them are functions of (n samples, c correct) except maj@k, which needs the answers themselves.

/**
 * Unbiased pass@k of a problem with `c` correct of `n` samples: 1 - C(n-c, k) / C(n, k).
 * The product form of Chen et al. 2021 (arXiv 2107.03374) keeps the numbers between 0 and 1.
 */
export function passAtK(n: number, c: number, k: number): number {
  requireSamples(n, k);
  if (n - c < k) return 1;
  let allWrong = 1;
  for (let i = n - c + 1; i <= n; i++) allWrong *= 1 - k / i;
  return 1 - allWrong;
}

/**
 * G-Pass@k with threshold `tau` (Liu et al. 2024, arXiv 2412.13147): the probability that at least
 * max(ceil(tau * k), 1) of k samples drawn without replacement are correct.
 */
export function gPassAtK(n: number, c: number, k: number, tau: number): number {
  requireSamples(n, k);
  let probability = 0;
  for (let j = Math.max(Math.ceil(tau * k), 1); j <= Math.min(c, k); j++) {
    if (k - j > n - c) continue;
    probability += Math.exp(logChoose(c, j) + logChoose(n - c, k - j) - logChoose(n, k));
  }
  return Math.min(probability, 1);
}

/** mG-Pass@k: G-Pass@k integrated over tau in (0.5, 1], the stability score of the same paper. */
export function meanGPassAtK(n: number, c: number, k: number): number {
  let sum = 0;
  for (let i = Math.ceil(k * 0.5) + 1; i <= k; i++) sum += gPassAtK(n, c, k, i / k);
  return 2 * sum / k;
}

/** One voter: the answer read from a completion (null: none was found) and whether it is right. */
export interface Vote {
  answer: string | null;
  correct: boolean;
}

/** maj@k over the first `k` votes; see `majorityVotes`. */
export function majorityAtK(
  votes: readonly Vote[],
  k: number,
  same: (a: string, b: string) => boolean,
  ties: "expected" | "first" = "expected",
): number {
  const steps = majorityVotes(votes, k, same, ties);
  for (let step = steps.next();; step = steps.next()) if (step.done) return step.value;
}

/**
 * maj@k over the first `k` votes, in steps of one comparison. Right answers share one cluster, and so do wrong ones
 * that `same` calls equal; a vote without an answer belongs to none. When clusters tie, `expected` averages over them and `first` takes the one
 * seen first (lighteval's rule). A cluster counts as right when its first answer is.
 */
export function* majorityVotes(
  votes: readonly Vote[],
  k: number,
  same: (a: string, b: string) => boolean,
  ties: "expected" | "first" = "expected",
): Generator<void, number> {
  requireSamples(votes.length, k);
  const clusters: { answer: string; correct: boolean; size: number }[] = [];
  for (const { answer, correct } of votes.slice(0, k)) {
    if (answer === null) continue;
    // What equals the gold is one answer, and no answer that does not is the same as it.
    let found = clusters.find((cluster) => cluster.answer === answer || (cluster.correct && correct));
    for (let i = 0; found === undefined && !correct && i < clusters.length; i++) {
      const cluster = clusters[i];
      if (cluster === undefined || cluster.correct) continue;
      if (same(cluster.answer, answer)) found = cluster;
      yield;
    }
    if (found) found.size++;
    else clusters.push({ answer, correct, size: 1 });
  }
  const largest = Math.max(0, ...clusters.map((cluster) => cluster.size));
  const winners = clusters.filter((cluster) => cluster.size === largest);
  if (winners.length === 0) return 0;
  if (ties === "first") return winners[0]?.correct ? 1 : 0;
  return winners.filter((cluster) => cluster.correct).length / winners.length;
}

function requireSamples(n: number, k: number): void {
  if (!Number.isInteger(k) || k < 1) {
    throw new RangeError(`Cannot estimate at k as k must be a positive integer: current value is ${k}`);
  }
  if (n < k) throw new RangeError(`Cannot estimate at k = ${k} as a problem has only ${n} samples`);
}

/** log C(n, k), exact enough below a few thousand samples because it sums k logarithms. */
function logChoose(n: number, k: number): number {
  if (k < 0 || k > n) return -Infinity;
  let sum = 0;
  for (let i = 1; i <= Math.min(k, n - k); i++) sum += Math.log((n - Math.min(k, n - k) + i) / i);
  return sum;
}
