// What a program that imports ghpo can add: reward functions and guidance strategies of its own, and callbacks during a
// run.

import type { Metrics } from "#shared/schemas/metrics.ts";
import type { Group } from "#shared/schemas/rollout.ts";
import type { AnyStrategy } from "../ghpo/strategies/types.ts";
import type { RewardFunction } from "../loop/rewards.ts";

export interface CustomParts {
  /** Reward functions by the names under which `reward.functions` lists them; `accuracy` may be among them. */
  rewards?: Readonly<Record<string, RewardFunction>>;
  /** Guidance strategies that `algorithm` may name, besides the built-in ones. */
  strategies?: readonly AnyStrategy[];
}

export interface Listeners {
  /** Gets the metrics of each step after they were written; the next step waits for it. What it throws ends the run. */
  onStep?(metrics: Metrics): void | Promise<void>;
  /** Gets each group of a step that sampled: the prompt, its completions with rewards and advantages. */
  onRollout?(group: Group): void | Promise<void>;
}
