// Group-relative advantage (GRPO, arXiv 2402.03300 eq. 3, as TRL computes it): (reward - mean) / (std + 1e-4) with
// the sample standard deviation, the same scalar for every token of a completion.

const EPSILON = 1e-4;

export type ScaleRewards = "group" | "batch" | "none";

/** One reward function's opinion of one completion; null means "not applicable". */
export type RewardValue = number | null;

/** Weighted sum of the applicable rewards, or null when no function applies. */
export function combineRewards(rewards: readonly RewardValue[], weights: readonly number[]): RewardValue {
  let sum: RewardValue = null;
  rewards.forEach((reward, index) => {
    if (reward !== null && !Number.isNaN(reward)) sum = (sum ?? 0) + reward * weights[index]!;
  });
  return sum;
}

export interface Advantages {
  /** One value a completion, in the order of the rewards. */
  values: number[][];
  /** Sample standard deviation of each group. */
  std: number[];
  /** True where all rewards of a group are the same: such a group teaches nothing. */
  zeroStd: boolean[];
}

/**
 * Advantages of groups of rewards. A null reward is left out of mean and deviation and gets advantage 0. A group of
 * equal rewards gets exact zeros: the comparison is exact, so that a rounding error of the mean is never amplified by
 * the small epsilon.
 */
export function groupAdvantages(
  groups: readonly (readonly RewardValue[])[],
  scale: ScaleRewards,
): Advantages {
  const stats = groups.map((rewards) => moments(rewards));
  const batchStd = moments(groups.flat()).std;
  const values = groups.map((rewards, g) => {
    const { mean, std, equal } = stats[g]!;
    return rewards.map((reward) => {
      if (reward === null || equal) return 0;
      if (scale === "none") return reward - mean;
      return (reward - mean) / ((scale === "batch" ? batchStd : std) + EPSILON);
    });
  });
  return { values, std: stats.map((s) => s.std), zeroStd: stats.map((s) => s.equal) };
}

/** Mean, sample standard deviation (ddof = 1; 0 below two values) and whether all values are exactly equal. */
export function moments(rewards: readonly RewardValue[]): { mean: number; std: number; equal: boolean } {
  const known = rewards.filter((reward) => reward !== null);
  const mean = known.reduce((sum, reward) => sum + reward, 0) / Math.max(known.length, 1);
  const equal = known.every((reward) => reward === known[0]);
  if (equal) return { mean, std: 0, equal };
  const squares = known.reduce((sum, reward) => sum + (reward - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (known.length - 1)), equal };
}
