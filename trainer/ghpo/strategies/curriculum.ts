// A curriculum without hints: easy problems for the first share of the steps, then the hard ones alone.

import * as v from "valibot";
import type { Problem } from "#shared/schemas/problem.ts";
import { fraction } from "#shared/schemas/values.ts";
import { hardFromLevel, isHard, stateless, strategy, UNGUIDED } from "./types.ts";

const settings = {
  baseline: {
    ...hardFromLevel,
    /** grpo_curriculum: the share of the steps that sees easy problems only. */
    easy_fraction: v.optional(fraction, 0.4),
  },
};

export const curriculum = strategy({
  name: "grpo_curriculum",
  settings,
  ...stateless,

  next(step, _state, { baseline, train }) {
    const hard = step >= baseline.easy_fraction * train.max_steps;
    return { ...UNGUIDED, pool: (problems) => poolOf(problems, hard, baseline) };
  },
});

function poolOf(
  problems: readonly Problem[],
  hard: boolean,
  baseline: { hard_from_level: number },
): readonly Problem[] {
  const pool = problems.filter((problem) => isHard(problem, baseline) === hard);
  if (pool.length > 0) return pool;
  const levels = [...new Set(problems.map((problem) => problem.level ?? "none"))].sort().join(", ");
  throw new RangeError(
    `Cannot run a curriculum as no problem is ${hard ? "hard" : "easy"}: ` +
      `baseline.hard_from_level is ${baseline.hard_from_level}, levels are ${levels}`,
  );
}
