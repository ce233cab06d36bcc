// Alerts: the rules that watch a run's metrics, their thresholds in a recipe, and the record of one that fired.

import * as v from "valibot";
import { count, finite, fraction, name, nonNegative, positive, positiveCount } from "./values.ts";

export const ALERT_RULES = [
  "zero_reward",
  "equal_rewards",
  "zero_gradient",
  "never_hinted",
  "no_answers",
  "cut_off",
  "entropy_collapse",
  "kl_runaway",
  "clip_runaway",
  "length_explosion",
  "overfitting",
  "sampler_drift",
  "disk_filling",
  "stalled_step",
] as const;
export type AlertRule = (typeof ALERT_RULES)[number];

const setting = v.optional;

/** What `[alerts]` of a recipe sets. No alert changes a number of the run, so all may differ when it is resumed. */
export const AlertsSchema = v.strictObject({
  /** Rules that never fire. */
  off: setting(v.array(v.picklist(ALERT_RULES)), []),
  /** Consecutive steps for which a rule must hold; means are taken over the same number. */
  patience: setting(positiveCount, 10),
  /** Largest share of right completions, after any hints, that counts as none. */
  zero_reward: setting(fraction, 0),
  /** Share of groups whose rewards are all the same, which leaves nothing to learn from. */
  equal_rewards: setting(fraction, 1),
  /** Largest gradient norm that counts as zero. */
  zero_gradient: setting(nonNegative, 0),
  /** Share of difficult groups from which on GHPO must have given a hint. */
  never_hinted: setting(fraction, 0.25),
  /** Largest share of completions with an answer in them that counts as none. */
  no_answers: setting(fraction, 0),
  /** Share of completions that the token limit cuts off. */
  cut_off: setting(fraction, 0.5),
  /** Entropy as a share of that of the first steps. */
  entropy_collapse: setting(fraction, 0.05),
  /** KL divergence from the reference model, nats a token. */
  kl_runaway: setting(positive, 1),
  /** Share of tokens whose ratio is clipped. */
  clip_runaway: setting(fraction, 0.3),
  /** Mean length of completions as a multiple of that of the first steps. */
  length_explosion: setting(positive, 3),
  /** How far held-out accuracy is below its best, twice in a row, while the training reward is above what it was then. */
  overfitting: setting(fraction, 0.1),
  /** Mean difference between the log-probs of sampler and learner. */
  sampler_drift: setting(positive, 0.01),
  /** Free space on the disk of the run, GiB. */
  disk_filling: setting(nonNegative, 1),
  /** Time since the last step as a multiple of the longest of the recent ones; never less than a minute. */
  stalled_step: setting(positive, 5),
  /** A program to start for each alert, with its sentence as last argument and its record as JSON on stdin. */
  command: setting(v.array(name), []),
  /**
   * An address that gets each alert as JSON by POST. "$NAME" stands for an environment variable: recipes are copied
   * into runs, so an address that is a secret belongs there.
   */
  webhook: setting(
    v.pipe(v.string(), v.regex(/^$|^https?:\/\/[^\s@]+$|^\$\w+$/, 'must be an http(s) address or "$NAME"')),
    "",
  ),
});
export type AlertSettings = v.InferOutput<typeof AlertsSchema>;

/** A line of RUN/alerts.jsonl. */
export const AlertSchema = v.strictObject({
  /** Steps done when it fired. */
  step: count,
  rule: v.picklist(ALERT_RULES),
  /** What was measured, and the threshold that it passed. */
  value: finite,
  threshold: finite,
  /** What is wrong, in one sentence without a full stop. */
  message: v.string(),
  /** What to try. */
  advice: v.string(),
});
export type Alert = v.InferOutput<typeof AlertSchema>;
