// What a guidance strategy is: which problems a step draws, which of them start with a hint, how much of the trace each
// stage shows, and what is remembered from one step to the next. A strategy is one file with its settings, the schema
// of its state and the three functions below, and an entry in index.ts: the loop, checkpoints and the recipe's
// schema take it from there.

import * as v from "valibot";
import type { Problem } from "#shared/schemas/problem.ts";
import type { HintSettings } from "#shared/schemas/recipe/rollouts.ts";
import { positiveCount } from "#shared/schemas/values.ts";

/** Settings that a strategy adds to the recipe: entries by the name of their table, such as `[baseline]`. */
// deno-lint-ignore no-explicit-any
export type Tables = Record<string, Record<string, v.GenericSchema<any, any>>>;

export type TableValues<T extends Tables> = {
  [Table in keyof T]: { [Key in keyof T[Table]]: v.InferOutput<T[Table][Key]> };
};

/** What a strategy sees of the recipe: its own settings, those of every hint, and the length of the run. */
export type StrategyRecipe<T extends Tables> =
  & { seed: number; train: { max_steps: number }; ghpo: HintSettings }
  & TableValues<T>;

/** How one step uses hints. Stage 0 shows none; stage k > 0 shows the share ratios[k - 1] of the trace. */
export interface Guidance {
  ratios: readonly number[];
  /** Whether an all-wrong group is sampled again with the next stage. */
  escalate: boolean;
  /** The stage that a problem starts at. */
  startStage(problem: Pick<Problem, "id" | "level">): number;
  /** Which of the problems the step draws from; all where it is absent. */
  pool?(problems: readonly Problem[]): readonly Problem[];
}

/** What became of a problem in a step. */
export interface Outcome {
  problem: Pick<Problem, "id" | "level">;
  /** The stage that its group ended at. */
  stage: number;
  /** Success rate of that group; null where the answer cannot be verified. */
  accuracy: number | null;
}

export interface Strategy<T extends Tables, State> {
  /** The `algorithm` of a recipe. */
  name: string;
  settings: T;
  /** What checkpoints keep of it; unknown keys are ignored. */
  state: v.GenericSchema<unknown, State>;
  /** The state before the first step. */
  begin(recipe: StrategyRecipe<T>): State;
  /** The guidance of the step that follows `step` steps. */
  next(step: number, state: State, recipe: StrategyRecipe<T>): Guidance;
  /** The state after that step, from all problems that it drew. */
  observe(state: State, outcomes: readonly Outcome[], step: number, recipe: StrategyRecipe<T>): State;
}

// deno-lint-ignore no-explicit-any
export type AnyStrategy = Strategy<any, any>;

/** Checks a strategy's parts against each other. */
export function strategy<const Name extends string, T extends Tables, State>(
  definition: Strategy<T, State> & { name: Name },
): Strategy<T, State> & { name: Name } {
  return definition;
}

/** For strategies that remember nothing. */
export const stateless = {
  state: v.object({}),
  begin: () => ({}),
  observe: (state: object) => state,
};

export const UNGUIDED: Guidance = { ratios: [], escalate: false, startStage: () => 0 };

/** Shared by the strategies that know which problems are hard. */
export const hardFromLevel = {
  /** Problems of this level and above are hard. */
  hard_from_level: v.optional(positiveCount, 3),
};

export function isHard(problem: Pick<Problem, "level">, baseline: { hard_from_level: number }): boolean {
  return (problem.level ?? 0) >= baseline.hard_from_level;
}
