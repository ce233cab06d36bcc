// A share of the groups gets a hint at a random stage, however hard the problem is: what hints do by themselves,
// without knowing who needs one.

import * as v from "valibot";
import { hashText, Random } from "#shared/problems/rng.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { fraction } from "#shared/schemas/values.ts";
import { stateless, strategy } from "./types.ts";

const settings = {
  baseline: {
    /** grpo_random_hint: the share of groups that gets a hint, at a random stage of ghpo.hint_stages. */
    random_hint_rate: v.optional(fraction, 0.25),
  },
};

export const randomHint = strategy({
  name: "grpo_random_hint",
  settings,
  ...stateless,

  next(step, _state, { seed, ghpo, baseline }) {
    const o = { seed, rate: baseline.random_hint_rate, stages: ghpo.hint_stages.length };
    return {
      ratios: ghpo.hint_stages,
      escalate: false,
      startStage: (problem) => randomStage(problem, step, o),
    };
  },
});

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
