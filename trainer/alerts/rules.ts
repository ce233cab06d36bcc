// The rules: each is a small pure function of a run's history, its thresholds and a few facts, which says what is wrong or
// that nothing is. All of a run's alerts come from here.

import type { AlertRule, AlertSettings } from "#shared/schemas/alerts.ts";
import { type History, meanOf, valuesOf } from "./history.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

/** What the recipe says that a rule must know; both are null in supervised fine-tuning. */
export interface RecipeFacts {
  algorithm: string;
  /** Steps after which a difficult problem gets a hint at once; null: it does not. */
  hints_after: number | null;
  loss_type: string | null;
}

/** The facts of a recipe of `train`. */
export function ruleFacts({ algorithm, ghpo, loss }: RecipePart): RecipeFacts {
  // With a target accuracy the first hint comes at a problem's second visit.
  const escalates = algorithm === "ghpo" && ghpo.target_accuracy === 0;
  return { algorithm, hints_after: escalates ? ghpo.cold_start_steps : null, loss_type: loss.loss_type };
}
type RecipePart = {
  algorithm: string;
  ghpo: Pick<TrainRecipe["ghpo"], "cold_start_steps" | "target_accuracy">;
  loss: Pick<TrainRecipe["loss"], "loss_type">;
};

/** What a rule may know besides the metrics. */
export interface Facts extends RecipeFacts {
  /** Seconds since the last step ended, and of each of the recent ones. */
  waiting: number;
  intervals: readonly number[];
  /** Free space where the run is written, bytes; null: not known. */
  disk_free: number | null;
}

export interface Finding {
  value: number;
  message: string;
  advice: string;
}

type Rule = (history: History, settings: AlertSettings, facts: Facts) => Finding | null;

const percent = (share: number) => `${Math.round(100 * share)} %`;
const short = (value: number) => String(Number(value.toPrecision(3)));

/** The values of a key in each of the last `patience` steps; null when a step is missing or has none. */
function steady(key: string, { recent }: History, { patience }: AlertSettings): number[] | null {
  const values = valuesOf(recent, key);
  return values.length >= patience ? values : null;
}

const zeroReward: Rule = (history, settings) => {
  const values = steady("ghpo/accuracy_final", history, settings);
  if (values === null || Math.max(...values) > settings.zero_reward) return null;
  return {
    value: Math.max(...values),
    message: `no completion was right in the last ${settings.patience} steps`,
    advice: "run check-data, which tells whether reward.preset accepts your reference solutions; " +
      "begin with easier problems or a cold start (sft)",
  };
};

const equalRewards: Rule = (history, settings, { algorithm }) => {
  if (algorithm === "sft") return null; // one completion a problem: nothing to compare
  const values = steady("frac_reward_zero_std", history, settings);
  if (values === null || Math.min(...values) < settings.equal_rewards) return null;
  const solved = (meanOf(history.recent, "ghpo/accuracy_final") ?? 0) > 0.5;
  return {
    value: Math.min(...values),
    message: `all completions of a group got the same reward in the last ${settings.patience} steps`,
    advice: solved
      ? "take harder problems, or train.resample_rounds 1 to replace groups that are all right"
      : "raise generation.num_generations or temperature, or take easier problems",
  };
};

const zeroGradient: Rule = (history, settings) => {
  const values = steady("grad_norm", history, settings);
  if (values === null || Math.max(...values) > settings.zero_gradient) return null;
  return {
    value: Math.max(...values),
    message: `the gradient was zero in the last ${settings.patience} steps, so nothing is learned`,
    advice: "look at frac_reward_zero_std: without different rewards in a group there is no gradient",
  };
};

const neverHinted: Rule = (history, settings, { hints_after }) => {
  const hinted = steady("ghpo/frac_hinted", history, settings);
  const difficult = meanOf(history.recent, "ghpo/frac_difficult");
  const since = (history.recent.at(-1)?.step ?? 0) - (hints_after ?? Infinity);
  if (hinted === null || difficult === null || since < settings.patience) return null;
  if (difficult < settings.never_hinted || Math.max(...hinted) > 0) return null;
  return {
    value: difficult,
    message: `${percent(difficult)} of the groups were difficult in the last ${settings.patience} steps, ` +
      "and none got a hint",
    advice: "name the column of worked solutions in data.columns.trace, and see check-data for traces " +
      "that are too short for ghpo.hint_stages",
  };
};

const noAnswers: Rule = (history, settings) => {
  const values = steady("completions/answered_ratio", history, settings);
  if (values === null || Math.max(...values) > settings.no_answers) return null;
  return {
    value: Math.max(...values),
    message: `no answer was found in any completion of the last ${settings.patience} steps`,
    advice: "make prompt.system ask for the form that reward.preset reads, or raise max_completion_length",
  };
};

const cutOff: Rule = (history, settings) => {
  const values = steady("completions/clipped_ratio", history, settings);
  const mean = values && meanOf(history.recent, "completions/clipped_ratio");
  if (mean === null || mean <= settings.cut_off) return null;
  return {
    value: mean,
    message: `${percent(mean)} of the completions were cut off at the token limit`,
    advice: "raise generation.max_completion_length, or ask for shorter answers in prompt.system",
  };
};

const entropyCollapse: Rule = (history, settings, { algorithm }) => {
  if (algorithm === "sft") return null; // who learns solutions by heart is to become sure of them
  const before = meanOf(history.first, "entropy");
  // Steps without a gradient have none, and they come with the collapse: half of the steps must do.
  const enough = valuesOf(history.recent, "entropy").length >= settings.patience / 2;
  const now = enough ? meanOf(history.recent, "entropy") : null;
  if (before === null || now === null || before <= 0 || now / before > settings.entropy_collapse) return null;
  return {
    value: now / before,
    message: `entropy fell to ${percent(now / before)} of its value at the beginning (${short(now)} nats)`,
    advice: "lower optimizer.learning_rate, raise loss.epsilon_high (0.28), or set loss.beta above 0",
  };
};

const klRunaway: Rule = (history, settings) => {
  const now = steady("kl", history, settings) && meanOf(history.recent, "kl");
  if (now === null || now <= settings.kl_runaway) return null;
  return {
    value: now,
    message: `the KL divergence from the reference model is ${short(now)} nats a token`,
    advice: "raise loss.beta or lower optimizer.learning_rate",
  };
};

const clipRunaway: Rule = (history, settings, { loss_type }) => {
  if (loss_type === "gspo") return null; // clips whole sequences, many of them by design (arXiv 2507.18071, figure 2)
  const now = steady("clip_ratio/region_mean", history, settings) &&
    meanOf(history.recent, "clip_ratio/region_mean");
  if (now === null || now <= settings.clip_runaway) return null;
  return {
    value: now,
    message: `${percent(now)} of the tokens were clipped`,
    advice: "lower optimizer.learning_rate or loss.num_iterations",
  };
};

const lengthExplosion: Rule = (history, settings) => {
  const before = meanOf(history.first, "completions/mean_length");
  const now = steady("completions/mean_length", history, settings) &&
    meanOf(history.recent, "completions/mean_length");
  if (before === null || now === null || now / before <= settings.length_explosion) return null;
  return {
    value: now / before,
    message: `completions are ${short(now / before)} times as long as at the beginning (${
      Math.round(now)
    } tokens)`,
    advice:
      "read some rollouts: repetition calls for a lower learning rate; loss_type dr_grpo has no length bias",
  };
};

const overfitting: Rule = ({ evaluations }, settings, { algorithm }) => {
  if (evaluations.length < 3) return null;
  const last = evaluations.slice(-2);
  const best = evaluations.slice(0, -2).reduce((a, b) => b.accuracy > a.accuracy ? b : a);
  const drop = best.accuracy - Math.max(...last.map(({ accuracy }) => accuracy));
  // Supervised learning has no reward, or always that of the solutions: its loss tells.
  const isSupervised = algorithm === "sft";
  const better = last.every(({ reward, loss }) =>
    isSupervised
      ? loss !== null && loss < (best.loss ?? -Infinity)
      : reward !== null && reward > (best.reward ?? Infinity)
  );
  if (drop < settings.overfitting || !better) return null;
  return {
    value: drop,
    message: `held-out accuracy is ${percent(drop)} below its best (step ${best.step}) while the ${
      isSupervised ? "training loss fell" : "reward rose"
    }`,
    advice: 'stop here and take the best checkpoint (checkpoint.best_by = "eval_accuracy"), use more data, ' +
      (isSupervised ? "or fewer steps" : "or look for a reward that is being gamed"),
  };
};

const samplerDrift: Rule = (history, settings) => {
  const now = meanOf(history.recent.slice(-1), "sampling/sampling_logp_difference/mean");
  if (now === null || now <= settings.sampler_drift) return null;
  return {
    value: now,
    message: `the log-probs of sampler and learner differ by ${short(now)} on average`,
    advice: 'variants = "base" keeps to the portable kernels; run doctor',
  };
};

const GIB = 2 ** 30;

const diskFilling: Rule = (_, settings, { disk_free }) => {
  if (disk_free === null || disk_free >= settings.disk_filling * GIB) return null;
  return {
    value: disk_free / GIB,
    message: `the run's disk has ${short(disk_free / GIB)} GiB left`,
    advice:
      "lower checkpoint.keep, or free some space: a run stops at the first checkpoint that does not fit",
  };
};

const LEAST_SECONDS = 60;

const stalledStep: Rule = (_, settings, { waiting, intervals }) => {
  if (intervals.length < 3) return null; // the first steps compile kernels
  const longest = Math.max(...intervals);
  if (waiting < Math.max(LEAST_SECONDS, settings.stalled_step * longest)) return null;
  return {
    value: waiting / longest,
    message: `the step has been going on for ${Math.round(waiting)} s, the longest of the last ones took ${
      short(longest)
    } s`,
    advice:
      "check whether another program uses the GPU or the machine is asleep; Ctrl-C and then --resume restart the run",
  };
};

export const RULES: Record<AlertRule, Rule> = {
  zero_reward: zeroReward,
  equal_rewards: equalRewards,
  zero_gradient: zeroGradient,
  never_hinted: neverHinted,
  no_answers: noAnswers,
  cut_off: cutOff,
  entropy_collapse: entropyCollapse,
  kl_runaway: klRunaway,
  clip_runaway: clipRunaway,
  length_explosion: lengthExplosion,
  overfitting,
  sampler_drift: samplerDrift,
  disk_filling: diskFilling,
  stalled_step: stalledStep,
};
