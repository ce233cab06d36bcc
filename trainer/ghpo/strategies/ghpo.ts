// GHPO (arXiv 2507.10628): plain GRPO for the first steps; then a group whose completions are all wrong is sampled again
// with the next share of its trace. Two extensions remember a stage for each problem.

import * as v from "valibot";
import { count, fraction } from "#shared/schemas/values.ts";
import { type Outcome, strategy, UNGUIDED } from "./types.ts";

const settings = {
  ghpo: {
    /** Plain GRPO for the first steps. */
    cold_start_steps: v.optional(count, 20),
    /** Starts each problem at the stage that helped last time. */
    start_stage_memory: v.optional(v.boolean(), false),
    /** Moves each problem's stage by one a visit towards this accuracy instead of escalating; 0 switches it off. */
    target_accuracy: v.optional(fraction, 0),
  },
};

const StateSchema = v.object({
  /** The stage at which each problem starts next time; absent: un-hinted. */
  stage_memory: v.record(v.string(), count),
});

export const ghpo = strategy({
  name: "ghpo",
  settings,
  state: StateSchema,
  begin: (): v.InferOutput<typeof StateSchema> => ({ stage_memory: {} }),

  next(step, { stage_memory }, { ghpo }) {
    if (step < ghpo.cold_start_steps) return UNGUIDED;
    const ratios = ghpo.hint_stages;
    return {
      ratios,
      escalate: ghpo.target_accuracy === 0,
      startStage: ({ id }) => Math.min(stage_memory[id] ?? 0, ratios.length),
    };
  },

  observe(state, outcomes, step, { ghpo }) {
    if (step < ghpo.cold_start_steps || !(ghpo.start_stage_memory || ghpo.target_accuracy > 0)) return state;
    const stage_memory = { ...state.stage_memory };
    for (const outcome of outcomes) {
      const start = nextStart(outcome, ghpo);
      if (start > 0) stage_memory[outcome.problem.id] = start;
      else delete stage_memory[outcome.problem.id];
    }
    return { stage_memory };
  },
});

/**
 * The next start stage of a problem from what happened to it in this step.
 *
 * The paper forgets: 0. `start_stage_memory` starts one stage below the one that solved the problem, or at the last
 * stage when none did. `target_accuracy` moves one stage a visit towards the target without sampling a group twice
 * (as SAGE-light does, arXiv 2602.03143).
 */
export function nextStart(
  { stage, accuracy }: Pick<Outcome, "stage" | "accuracy">,
  ghpo: { start_stage_memory: boolean; target_accuracy: number; hint_stages: readonly number[] },
): number {
  const last = ghpo.hint_stages.length;
  if (ghpo.target_accuracy > 0) {
    if (accuracy === null || accuracy === ghpo.target_accuracy) return stage;
    return accuracy < ghpo.target_accuracy ? Math.min(stage + 1, last) : Math.max(stage - 1, 0);
  }
  if (!ghpo.start_stage_memory || accuracy === null) return 0;
  return accuracy > 0 ? Math.max(0, stage - 1) : last;
}
