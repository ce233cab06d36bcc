// What changes over a run whatever the algorithm, as pure functions of the number of completed steps: the order of
// problems, the learning rate and the longest completion.

import { Random } from "#shared/problems/rng.ts";
import type { TrainTables } from "#shared/schemas/recipe/train.ts";

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
 * The learning rate of the step that follows `step` steps: linear warm-up, then constant, or a cosine down to `min_lr_ratio` of the peak.
 * The first step already has a share of the peak, where Hugging Face's schedule starts with an idle step at 0.
 */
export function learningRate(
  step: number,
  totalSteps: number,
  peak: number,
  o: Pick<TrainTables["optimizer"], "lr_scheduler_type" | "warmup_ratio" | "warmup_steps" | "min_lr_ratio">,
): number {
  const warmup = o.warmup_steps > 0 ? o.warmup_steps : Math.ceil(o.warmup_ratio * totalSteps);
  if (step < warmup) return peak * (step + 1) / warmup;
  if (o.lr_scheduler_type === "constant") return peak;
  const progress = Math.min(1, (step - warmup) / Math.max(1, totalSteps - warmup));
  return peak * (o.min_lr_ratio + (1 - o.min_lr_ratio) * 0.5 * (1 + Math.cos(Math.PI * progress)));
}

/**
 * The longest completion of the step that follows `step` steps: geometric from `max_completion_length` in the first step to
 * `final_completion_length` in the last, as in "Train Long, Think Short" (arXiv 2508.08940).
 */
export function completionBudget(
  step: number,
  totalSteps: number,
  generation: Pick<TrainTables["generation"], "max_completion_length" | "final_completion_length">,
): number {
  const { max_completion_length: first, final_completion_length: last } = generation;
  if (last === null) return first;
  return Math.round(first * (last / first) ** (step / Math.max(1, totalSteps - 1)));
}
