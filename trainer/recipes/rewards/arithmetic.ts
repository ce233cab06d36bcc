// A reward for short proof runs: the share of a completion's characters that are digits or arithmetic signs. It
// differs between any two answers, so there is a gradient even where none is right or ends in time.

import type { RewardFunction } from "../../loop/rewards.ts";

export const reward: RewardFunction = ({ completion }) =>
  (completion.match(/[\d+\-*/=$#]/g) ?? []).length / Math.max(completion.length, 1);
