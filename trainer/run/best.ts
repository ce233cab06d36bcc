// Which checkpoint is the best one, by a metric of the recipe (checkpoint.best_by). A metric belongs to the weights
// that it was measured on: an evaluation to those after the step, what was sampled to those before the update, which
// are saved before they change. Metrics of the update itself belong to weights that no longer exist by then.

import { nearest } from "#shared/schemas/parse.ts";

/** Smaller is better where a metric counts what went wrong, or how long or how much it took. */
const SMALLER =
  /(^|[/_])(loss|kl|clipped_ratio|length|frac_difficult|frac_unsolved|frac_hinted|frac_reward_zero_std|frac_zero_std_unhinted|hint_leak_frac|mean_hint_ratio|generated_tokens|extra_generation_tokens)$/;

export interface BestBy {
  /** "" for none. */
  best_by: string;
  /** Null: by the metric's name. */
  greater_is_better: boolean | null;
}

/**
 * Refuses a metric that there will not be.
 * @param known names of metrics of the evaluation in the loop, and of what is sampled
 */
export function checkBestBy({ best_by }: BestBy, known: readonly string[]): void {
  if (best_by === "" || known.includes(best_by)) return;
  if (known.length === 0) {
    throw new TypeError(
      `Cannot mark the best checkpoint as this run has no evaluation (eval.eval_every, eval.benchmarks or eval.path) ` +
        `and samples nothing, or with older weights (train.staleness): current value of checkpoint.best_by is ${best_by}`,
    );
  }
  throw new TypeError(
    `Cannot mark the best checkpoint as checkpoint.best_by must be a metric of the evaluation or of the rollouts ` +
      `of this run (the nearest is ${nearest(best_by, known)}): current value is ${best_by}`,
  );
}

/** Whether a value beats the best one so far; null: there is none. */
export function isBetter(
  value: number | null | undefined,
  best: { value: number } | null,
  { best_by, greater_is_better }: BestBy,
): value is number {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (best === null) return true;
  return greater_is_better ?? !SMALLER.test(best_by) ? value > best.value : value < best.value;
}
