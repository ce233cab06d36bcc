// Every hard problem shows a share of its trace, whether or not the model needs it: a constant share, one that falls to
// 0, or one that a controller moves by the accuracy of the last step's hard problems.

import * as v from "valibot";
import { count, fraction, nonNegative } from "#shared/schemas/values.ts";
import { mean } from "#shared/statistics.ts";
import { hardFromLevel, isHard, strategy } from "./types.ts";

const settings = {
  baseline: {
    ...hardFromLevel,
    /** grpo_constant_hint: the share of the trace that every hard problem shows. */
    constant_hint_ratio: v.optional(fraction, 0.5),
    /** grpo_constant_hint: steps in which that share falls to 0; 0: it stays. */
    anneal_steps: v.optional(count, 0),
    /** grpo_constant_hint: how far the share moves for a step's accuracy on hard problems off the target; 0: not. */
    controller_gain: v.optional(nonNegative, 0),
    controller_target: v.optional(fraction, 0.5),
  },
};

const StateSchema = v.object({
  /** The share that the controller has come to; null without one, and before the first step. */
  hint_ratio: v.optional(v.nullable(fraction), null),
});

export const constantHint = strategy({
  name: "grpo_constant_hint",
  settings,
  state: StateSchema,
  begin: (): v.InferOutput<typeof StateSchema> => ({ hint_ratio: null }),

  next(step, { hint_ratio }, { baseline }) {
    return {
      ratios: [hint_ratio ?? annealedRatio(step, baseline)],
      escalate: false,
      startStage: (problem) => isHard(problem, baseline) ? 1 : 0,
    };
  },

  observe(state, outcomes, _step, { baseline }) {
    if (baseline.controller_gain === 0) return state;
    const hard = outcomes.filter(({ problem }) => isHard(problem, baseline));
    const known = hard.map(({ accuracy }) => accuracy).filter((accuracy) => accuracy !== null);
    const ratio = state.hint_ratio ?? baseline.constant_hint_ratio;
    return { hint_ratio: controlledRatio(ratio, known.length === 0 ? null : mean(known), baseline) };
  },
});

/**
 * The share of the trace that hard problems show after `step` steps: constant, or falling linearly to 0 within
 * `anneal_steps`. A run that begins with nearly the whole trace and takes it away is the reverse curriculum of R3
 * (arXiv 2402.05808).
 */
export function annealedRatio(
  step: number,
  { constant_hint_ratio: start, anneal_steps: steps }: { constant_hint_ratio: number; anneal_steps: number },
): number {
  return steps === 0 ? start : start * Math.max(0, 1 - step / steps);
}

/**
 * An integral controller: the ratio of the next step from the accuracy of this step's hard groups. Above the target
 * accuracy less of the trace is shown, below it more; null (no hard group) changes nothing.
 */
export function controlledRatio(
  ratio: number,
  accuracy: number | null,
  o: { controller_gain: number; controller_target: number },
): number {
  if (accuracy === null) return ratio;
  return Math.min(1, Math.max(0, ratio + o.controller_gain * (o.controller_target - accuracy)));
}
