// What a step trains on, as pure functions of (step, cursor): which problems may get which hints, the easy-first
// curriculum, the order of problems and the learning rate. The algorithms that sample (grpo, ghpo, grpo_curriculum,
// grpo_constant_hint, grpo_random_hint) differ in nothing but what planFor() and poolFor() make of the recipe.

import { Random } from "#shared/problems/rng.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { TrainRecipe } from "#shared/schemas/recipe.ts";
import { annealedRatio, randomStage, type StageMemory } from "./hint_schedule.ts";

/** How one step uses hints. Stage 0 is un-hinted; stage k > 0 shows the fraction ratios[k - 1] of the trace. */
export interface Plan {
  ratios: readonly number[];
  /** Whether an all-wrong group is sampled again with the next stage. */
  escalate: boolean;
  /** Where a problem starts: where its memory says (at first 0); at stage 1 from a level on; at a random stage. */
  start: { by: "memory" } | { by: "level"; from: number } | { by: "chance"; rate: number };
}

/**
 * The plan of a step (counted from 0). Cold start: plain GRPO before step number `cold_start_steps`.
 * @param controlled The ratio that the controller has come to; null without one.
 */
export function planFor(
  step: number,
  recipe: Pick<TrainRecipe, "algorithm" | "ghpo" | "baseline">,
  controlled: number | null = null,
): Plan {
  const { algorithm, ghpo, baseline } = recipe;
  if (algorithm === "ghpo" && step >= ghpo.cold_start_steps) {
    return { ratios: ghpo.hint_stages, escalate: ghpo.target_accuracy === 0, start: { by: "memory" } };
  }
  if (algorithm === "grpo_constant_hint") {
    const ratio = controlled ?? annealedRatio(step, baseline);
    return { ratios: [ratio], escalate: false, start: { by: "level", from: baseline.hard_from_level } };
  }
  if (algorithm === "grpo_random_hint") {
    return {
      ratios: ghpo.hint_stages,
      escalate: false,
      start: { by: "chance", rate: baseline.random_hint_rate },
    };
  }
  return { ratios: [], escalate: false, start: { by: "memory" } };
}

/** The stage that a problem starts a step (from 0) at. */
export function startStage(
  { start, ratios }: Plan,
  problem: Pick<Problem, "id" | "level">,
  step: number,
  seed: number,
  memory: Readonly<StageMemory>,
): number {
  switch (start.by) {
    case "level":
      return (problem.level ?? 0) >= start.from ? 1 : 0;
    case "chance":
      return randomStage(problem, step, { seed, rate: start.rate, stages: ratios.length });
    case "memory":
      return Math.min(memory[problem.id] ?? 0, ratios.length);
  }
}

/** The problems that a step draws from: all, or for the curriculum easy ones first and then hard ones alone. */
export function poolFor(
  problems: readonly Problem[],
  step: number,
  recipe: Pick<TrainRecipe, "algorithm" | "baseline" | "train">,
): readonly Problem[] {
  if (recipe.algorithm !== "grpo_curriculum") return problems;
  const { hard_from_level, easy_fraction } = recipe.baseline;
  const hard = step >= easy_fraction * recipe.train.max_steps;
  const pool = problems.filter((problem) => ((problem.level ?? 0) >= hard_from_level) === hard);
  if (pool.length > 0) return pool;
  throw new RangeError(
    `Cannot run a curriculum as no problem is ${hard ? "hard" : "easy"}: ` +
      `baseline.hard_from_level is ${hard_from_level}, levels are ${levels(problems)}`,
  );
}

function levels(problems: readonly Problem[]): string {
  return [...new Set(problems.map((problem) => problem.level ?? "none"))].sort().join(", ");
}

/**
 * The position in the pool of the cursor-th problem of a run: every epoch is a fresh permutation that depends on the
 * seed and the epoch only, so that a cursor is all there is to resume.
 */
export function shuffledIndex(cursor: number, size: number, seed: number, shuffle = true): number {
  if (!shuffle) return cursor % size;
  return permutation(size, seed, Math.floor(cursor / size))[cursor % size]!;
}

let cached: { key: string; order: readonly number[] } = { key: "", order: [] };

function permutation(size: number, seed: number, epoch: number): readonly number[] {
  const key = `${size},${seed},${epoch}`;
  if (cached.key !== key) cached = { key, order: new Random(seed, epoch).shuffled([...Array(size).keys()]) };
  return cached.order;
}

/**
 * The learning rate of a step from 0: linear warm-up, then constant, or a cosine down to `min_lr_ratio` of the peak.
 * The first step already has a share of the peak, where Hugging Face's schedule starts with an idle step at 0.
 */
export function learningRate(
  step: number,
  totalSteps: number,
  peak: number,
  o: Pick<TrainRecipe["optimizer"], "lr_scheduler_type" | "warmup_ratio" | "warmup_steps" | "min_lr_ratio">,
): number {
  const warmup = o.warmup_steps > 0 ? o.warmup_steps : Math.ceil(o.warmup_ratio * totalSteps);
  if (step < warmup) return peak * (step + 1) / warmup;
  if (o.lr_scheduler_type === "constant") return peak;
  const progress = Math.min(1, (step - warmup) / Math.max(1, totalSteps - warmup));
  return peak * (o.min_lr_ratio + (1 - o.min_lr_ratio) * 0.5 * (1 + Math.cos(Math.PI * progress)));
}
