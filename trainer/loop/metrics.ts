// The metrics of one step as flat keys: TRL's names where they exist, `ghpo/` for what guidance did.

import type { Completion } from "#shared/schemas/rollout.ts";
import { moments } from "../ghpo/advantage.ts";
import { isDifficult, successRate } from "../ghpo/difficulty.ts";
import type { Reward } from "./rewards.ts";
import { accuracies, type Attempt, finalStage, totals } from "./attempts.ts";
import type { Rollout } from "./rollouts.ts";
import type { UpdateResult } from "./update_totals.ts";

/** null: the key has no meaning at this step, such as the rescue rate of a stage that was never tried. */
export type Values = Record<string, number | null>;

/** What was sampled: lengths, rewards, truncation, of the completions that are trained on. */
export function rolloutMetrics(rollout: Rollout, rewards: readonly Reward[]): Values {
  const completions = rollout.attempts.flatMap((a) => a.parts.flatMap((part) => part.completions));
  const lengths = completions.map((c) => c.ids.length);
  const ended = completions.filter((c) => c.finish_reason === "stop").map((c) => c.ids.length);
  const reward = rollout.attempts.flatMap((attempt) => totals(attempt, rewards));
  const values: Values = {
    reward: mean(known(reward)),
    reward_std: moments(reward).std,
    frac_reward_zero_std: share(rollout.attempts, (attempt) => attempt.zeroStd),
    ...spread("completions", "length", lengths),
    ...spread("completions", "terminated_length", ended),
    "completions/clipped_ratio": 1 - ended.length / completions.length,
    ...answered(completions, rewards),
  };
  for (const { name, takeTimeouts } of rewards) {
    if (takeTimeouts) values[`rewards/${name}/timeouts`] = takeTimeouts();
    const each = completions.map((c) => c.rewards[name]!);
    values[`rewards/${name}/mean`] = mean(known(each));
    values[`rewards/${name}/std`] = moments(each).std;
  }
  return values;
}

/** The share of completions in which the grader finds an answer, right or not; only where one is asked for. */
function answered(completions: readonly Completion[], rewards: readonly Reward[]): Values {
  const finds = rewards.find((reward) => reward.finds !== undefined)?.finds;
  return finds === undefined
    ? {}
    : { "completions/answered_ratio": share(completions, ({ text }) => finds(text)) };
}

/** What guidance did. Shares are of all groups drawn in the step, those replaced by resampling included. */
export function guidanceMetrics(rollout: Rollout, stages: number, threshold: number): Values {
  const { drawn, attempts } = rollout;
  const unsolved = (attempt: Attempt) => isDifficult(accuracies(attempt), threshold);
  const hints = drawn.flatMap((a) => a.parts.filter((part) => part.guidance.stage > 0));
  const rescued = drawn.filter((attempt) => attempt.difficult && !unsolved(attempt));
  const values: Values = {
    "ghpo/frac_difficult": share(drawn, (attempt) => attempt.difficult),
    "ghpo/frac_hinted": share(drawn, (attempt) => finalStage(attempt) > 0),
    "ghpo/frac_unsolved": share(drawn, unsolved),
    "ghpo/hinted_groups": drawn.filter((attempt) => finalStage(attempt) > 0).length,
    "ghpo/rescued_groups": rescued.length,
    "ghpo/accuracy_unhinted": mean(known(drawn.map((attempt) => attempt.accuracyUnhinted))),
    "ghpo/accuracy_final": mean(known(attempts.map((attempt) => successRate(accuracies(attempt))))),
    "ghpo/mean_hint_ratio": mean(drawn.map((a) => Math.max(...a.parts.map((part) => part.guidance.ratio)))),
    "ghpo/hint_leak_frac": share(hints, (part) => part.guidance.leak),
    "ghpo/extra_generation_tokens": rollout.extraTokens,
    "ghpo/effective_groups": attempts.filter((attempt) => !attempt.zeroStd).length,
    "ghpo/frac_zero_std_unhinted": share(drawn, (attempt) => attempt.zeroStdBefore),
  };
  for (let stage = 1; stage <= stages; stage++) {
    const tried = drawn.filter((attempt) => attempt.escalations.includes(stage));
    const solved = (attempt: Attempt) => attempt.escalations.at(-1) === stage && !unsolved(attempt);
    values[`ghpo/rescue_rate/stage_${stage}`] = share(tried, solved);
    values[`ghpo/frac_stage_${stage}`] = share(drawn, (attempt) => finalStage(attempt) === stage);
  }
  return values;
}

/** What the update did; null: it was left out as its numbers were not finite. */
export function updateMetrics(result: UpdateResult | null, learningRate: number): Values {
  if (result === null) return { loss: null, grad_norm: null, learning_rate: learningRate };
  const { clip, logpDifference } = result;
  return {
    loss: result.loss,
    grad_norm: result.grad_norm,
    learning_rate: learningRate,
    entropy: result.entropy,
    ...(result.kl !== null && { kl: result.kl }),
    "clip_ratio/low_mean": clip.low,
    "clip_ratio/high_mean": clip.high,
    "clip_ratio/region_mean": clip.low + clip.high,
    ...(logpDifference !== null && {
      "sampling/sampling_logp_difference/mean": logpDifference.mean,
      "sampling/sampling_logp_difference/max": logpDifference.max,
    }),
  };
}

function spread(prefix: string, name: string, values: readonly number[]): Values {
  const any = values.length > 0;
  return {
    [`${prefix}/mean_${name}`]: mean(values),
    [`${prefix}/min_${name}`]: any ? Math.min(...values) : null,
    [`${prefix}/max_${name}`]: any ? Math.max(...values) : null,
  };
}

function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function share<T>(items: readonly T[], matches: (item: T) => boolean): number | null {
  return items.length === 0 ? null : items.filter(matches).length / items.length;
}
