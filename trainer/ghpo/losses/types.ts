// What a policy-gradient loss is: from per-token log-probs and the advantage of a sequence to its terms and their
// derivatives by every log-prob. All in f64 and without a GPU: the learner multiplies the derivatives (the
// coefficients) with the gradients of the log-probs. A loss is one file, and an entry in index.ts, from which the
// recipe's schema takes its name.

import type { LossSettings } from "#shared/schemas/recipe/learning.ts";

/** The recipe's loss section, and the divisor of dr_grpo in tokens. */
export type LossOptions = Pick<LossSettings, "epsilon" | "epsilon_high" | "delta" | "beta"> & {
  max_completion_length: number;
};

/** One completion: log-probs of its tokens now, when it was sampled, and (beta > 0) under the reference model. */
export interface Sequence {
  logprobs: ArrayLike<number>;
  oldLogprobs: ArrayLike<number>;
  referenceLogprobs?: ArrayLike<number>;
  advantage: number;
}

/** What the sums are divided by; sequences left out of the micro-batch (zero advantage) still count here. */
export interface Normalizer {
  /** Completions and completion tokens of the whole optimizer batch. */
  sequences: number;
  tokens: number;
  /** Micro-batches of the optimizer batch and tokens of this one (bnpo). */
  microBatches: number;
  microTokens: number;
}

/** Sums over tokens (sequences for gspo), so that micro-batches can be added up before dividing by `count`. */
export interface ClipSums {
  count: number;
  low: number;
  high: number;
  kl: number;
  klTokens: number;
}

export interface Loss {
  /** The `loss_type` of a recipe. */
  name: string;
  /** The factor of one token's term, in a sequence of `length` tokens. */
  weight(norm: Normalizer, length: number, options: LossOptions): number;
  /** The loss of a sequence, without KL. Writes its derivatives into `gradient`, counts clipped terms in `sums`. */
  terms(
    sequence: Sequence,
    options: LossOptions,
    weight: number,
    gradient: Float64Array,
    sums: ClipSums,
  ): number;
  /** Whether completions without advantage stay in the micro-batch although they have no gradient, as they count there. */
  keepsZeroAdvantage?: boolean;
  /** What is wrong with the recipe's loss section, as "must have ...". */
  fault?(settings: Pick<LossSettings, "epsilon_high">): string | null;
}
