// How the guidance level moves as the model's boundary moves: per-problem memory, random hints, an annealed share of
// the trace, a controller on recent accuracy; and a token budget that tightens. Pure functions: all that a run must
// remember between steps is the stage memory and the controller's ratio.

import { hashText, Random } from "#shared/problems/rng.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { TrainRecipe } from "#shared/schemas/recipe.ts";

type Ghpo = TrainRecipe["ghpo"];
type Baseline = TrainRecipe["baseline"];

/** The stage at which each problem starts next time. Absent: un-hinted. */
export type StageMemory = Record<string, number>;

/**
 * The next start stage of a problem from what happened to it in this step.
 *
 * The paper forgets: 0. `start_stage_memory` starts one stage below the one that solved the problem, or at the last
 * stage when none did. `target_accuracy` moves one stage a visit towards the target without sampling a group twice
 * (as SAGE-light does, arXiv 2602.03143).
 */
export function nextStart(
  outcome: { stage: number; accuracy: number | null },
  ghpo: Pick<Ghpo, "start_stage_memory" | "target_accuracy" | "hint_stages">,
): number {
  const { stage, accuracy } = outcome;
  const last = ghpo.hint_stages.length;
  if (ghpo.target_accuracy > 0) {
    if (accuracy === null || accuracy === ghpo.target_accuracy) return stage;
    return accuracy < ghpo.target_accuracy ? Math.min(stage + 1, last) : Math.max(stage - 1, 0);
  }
  if (!ghpo.start_stage_memory || accuracy === null) return 0;
  return accuracy > 0 ? Math.max(0, stage - 1) : last;
}

/**
 * The stage of a random hint: each of `stages` alike with probability `rate` in all, else 0. It depends on the
 * problem and the step alone, never on how hard the problem is.
 */
export function randomStage(
  problem: Pick<Problem, "id">,
  step: number,
  o: { seed: number; rate: number; stages: number },
): number {
  const random = new Random(o.seed, step, hashText(problem.id));
  return random.real() < o.rate ? random.between(1, o.stages) : 0;
}

/**
 * The share of the trace that hard problems show at a step from 0: constant, or falling linearly to 0 within
 * `anneal_steps`. A run that begins with nearly the whole trace and takes it away is the reverse curriculum of R3
 * (arXiv 2402.05808).
 */
export function annealedRatio(
  step: number,
  { constant_hint_ratio: start, anneal_steps: steps }: Pick<Baseline, "constant_hint_ratio" | "anneal_steps">,
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
  o: Pick<Baseline, "controller_gain" | "controller_target">,
): number {
  if (accuracy === null) return ratio;
  return Math.min(1, Math.max(0, ratio + o.controller_gain * (o.controller_target - accuracy)));
}

/**
 * The longest completion at a step from 0: geometric from `max_completion_length` in the first step to
 * `final_completion_length` in the last, as in "Train Long, Think Short" (arXiv 2508.08940).
 */
export function completionBudget(
  step: number,
  totalSteps: number,
  generation: Pick<TrainRecipe["generation"], "max_completion_length" | "final_completion_length">,
): number {
  const { max_completion_length: first, final_completion_length: last } = generation;
  if (last === null) return first;
  return Math.round(first * (last / first) ** (step / Math.max(1, totalSteps - 1)));
}
