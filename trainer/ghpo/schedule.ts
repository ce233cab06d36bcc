// What is trained on and how the guidance level moves, as pure functions of (step, cursor, memory): the order of
// problems, the easy-first curriculum, the constant hint, the per-problem start stage and the learning rate. The
// algorithms grpo, ghpo, grpo_curriculum and grpo_constant_hint differ in nothing but what planFor() and poolFor()
// make of the recipe.

import { Random } from "#shared/problems/rng.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { TrainRecipe } from "#shared/schemas/recipe.ts";

/** How one step uses hints. Stage 0 is un-hinted; stage k > 0 shows the fraction ratios[k - 1] of the trace. */
export interface Plan {
  ratios: readonly number[];
  /** Whether an all-wrong group is sampled again with the next stage. */
  escalate: boolean;
  /** Problems of at least this level start at stage 1 (constant hint); null: where their memory says, at first 0. */
  hintedFromLevel: number | null;
}

/** The plan of a step (counted from 0). Cold start: plain GRPO before step number `cold_start_steps`. */
export function planFor(step: number, recipe: Pick<TrainRecipe, "algorithm" | "ghpo" | "baseline">): Plan {
  const { algorithm, ghpo, baseline } = recipe;
  if (algorithm === "ghpo" && step >= ghpo.cold_start_steps) {
    return { ratios: ghpo.hint_stages, escalate: ghpo.target_accuracy === 0, hintedFromLevel: null };
  }
  if (algorithm === "grpo_constant_hint") {
    return {
      ratios: [baseline.constant_hint_ratio],
      escalate: false,
      hintedFromLevel: baseline.hard_from_level,
    };
  }
  return { ratios: [], escalate: false, hintedFromLevel: null };
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
  ghpo: Pick<TrainRecipe["ghpo"], "start_stage_memory" | "target_accuracy" | "hint_stages">,
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
