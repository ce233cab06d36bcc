// Difficulty detection (GHPO, arXiv 2507.10628, section "automated difficulty detection").
// A group of completions of one prompt is difficult when its success rate does not exceed a threshold. At the
// paper's threshold 0 that reads: every completion is wrong. Only the accuracy reward counts, never the format.

/**
 * Whether a group should get a hint.
 *
 * @param accuracies The accuracy reward of each completion in [0, 1]; null or NaN where the gold answer could not
 * be verified. A group with any such entry is never difficult: a hint cannot repair an unverifiable answer.
 * @param threshold The largest success rate that still counts as difficult; 0 is the paper's rule.
 */
export function isDifficult(accuracies: readonly (number | null)[], threshold = 0): boolean {
  const rate = successRate(accuracies);
  return rate !== null && rate <= threshold;
}

/** The mean accuracy of a group, or null when it is empty or any entry is null or NaN. */
export function successRate(accuracies: readonly (number | null)[]): number | null {
  if (accuracies.length === 0) return null;
  let sum = 0;
  for (const accuracy of accuracies) {
    if (accuracy === null || Number.isNaN(accuracy)) return null;
    sum += accuracy;
  }
  return sum / accuracies.length;
}
