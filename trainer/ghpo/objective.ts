// The policy-gradient objectives: from per-token log-probs and one advantage a sequence to the loss and its derivative
// by every log-prob. All in f64 and without a GPU: the learner multiplies the derivatives (the coefficients) with the
// gradients of the log-probs.
//
// Sources of the formulas, all cross-checked against TRL's GRPOTrainer._compute_loss by fixtures/objective.py:
//   grpo    arXiv 2402.03300 eq. 3     mean over sequences of the mean over tokens (GHPO, arXiv 2507.10628, the default)
//   bnpo    the released GHPO code     mean over the tokens of the micro-batch
//   dapo    arXiv 2503.14476 eq. 8     mean over the tokens of the whole batch
//   dr_grpo arXiv 2503.20783           sum over tokens / (sequences * max_completion_length)
//   cispo   arXiv 2506.13585 eq. 4     detached, capped ratio times log-prob; normalised as dapo
//   gspo    arXiv 2507.18071 eq. 5     one length-normalised ratio a sequence; normalised as grpo
//   delta   arXiv 2505.07291           two-sided clipping;  KL: the k3 estimator (joschu.net/blog/kl-approx.html)

import type { TrainRecipe } from "#shared/schemas/recipe.ts";

/** The recipe's loss section, and the divisor of dr_grpo in tokens. `epsilon_high` is cispo's cap of the ratio itself. */
export type ObjectiveOptions =
  & Pick<TrainRecipe["loss"], "loss_type" | "epsilon" | "epsilon_high" | "delta" | "beta">
  & { max_completion_length: number };

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

export interface Objective {
  loss: number;
  /** d loss / d log-prob, one array a sequence. */
  coefficients: Float32Array[];
  sums: ClipSums;
}

/** Loss, coefficients and clip sums of a micro-batch. */
export function objective(
  batch: readonly Sequence[],
  options: ObjectiveOptions,
  norm: Normalizer,
): Objective {
  const sums: ClipSums = { count: 0, low: 0, high: 0, kl: 0, klTokens: 0 };
  let loss = 0;
  const coefficients = batch.map((sequence) => {
    const length = sequence.logprobs.length;
    const weight = tokenWeight(options, norm, length);
    const gradient = new Float64Array(length);
    if (options.loss_type === "gspo") loss += sequenceTerm(sequence, options, weight, gradient, sums);
    else loss += tokenTerms(sequence, options, weight, gradient, sums);
    if (options.beta !== 0) loss += klTerms(sequence, options.beta, weight, gradient, sums);
    return Float32Array.from(gradient);
  });
  return { loss, coefficients, sums };
}

/** What one token's term is multiplied with. */
function tokenWeight(options: ObjectiveOptions, norm: Normalizer, length: number): number {
  switch (options.loss_type) {
    case "grpo":
    case "gspo":
      return 1 / (Math.max(length, 1) * norm.sequences);
    case "bnpo":
      return 1 / (Math.max(norm.microTokens, 1) * norm.microBatches);
    case "dapo":
    case "cispo":
      return 1 / Math.max(norm.tokens, 1);
    case "dr_grpo":
      return 1 / (norm.sequences * options.max_completion_length);
  }
}

function tokenTerms(
  s: Sequence,
  o: ObjectiveOptions,
  weight: number,
  gradient: Float64Array,
  sums: ClipSums,
): number {
  let loss = 0;
  for (let t = 0; t < gradient.length; t++) {
    const ratio = Math.exp(s.logprobs[t]! - s.oldLogprobs[t]!);
    if (o.loss_type === "cispo") {
      const cap = o.epsilon_high ?? o.epsilon;
      const scale = Math.min(ratio, cap) * s.advantage * weight;
      loss -= scale * s.logprobs[t]!;
      gradient[t] = -scale;
      if (ratio > cap && s.advantage > 0) sums.high++;
      sums.count++;
    } else {
      const { surrogate, slope } = clipped(ratio, s.advantage, o, sums);
      loss -= surrogate * weight;
      gradient[t] = -slope * ratio * weight; // d ratio / d logprob = ratio
    }
  }
  return loss;
}

/** gspo: ratio = exp(mean log-ratio), so every token gets 1 / length of its derivative. */
function sequenceTerm(
  s: Sequence,
  o: ObjectiveOptions,
  weight: number,
  gradient: Float64Array,
  sums: ClipSums,
): number {
  const length = gradient.length;
  if (length === 0) return 0;
  let sum = 0;
  for (let t = 0; t < length; t++) sum += s.logprobs[t]! - s.oldLogprobs[t]!;
  const ratio = Math.exp(sum / length);
  const { surrogate, slope } = clipped(ratio, s.advantage, o, sums);
  gradient.fill(-slope * ratio * weight);
  return -surrogate * weight * length;
}

/** PPO's min(r A, clip(r) A) and its slope by r. */
function clipped(ratio: number, advantage: number, o: ObjectiveOptions, sums: ClipSums) {
  const low = 1 - o.epsilon;
  const high = 1 + (o.epsilon_high ?? o.epsilon);
  const first = (o.delta === null ? ratio : Math.min(ratio, o.delta)) * advantage;
  const second = Math.min(Math.max(ratio, low), high) * advantage;
  sums.count++;
  if (ratio < low && advantage < 0) sums.low++;
  if (ratio > high && advantage > 0) sums.high++;
  const firstMoves = o.delta === null || ratio <= o.delta;
  const secondMoves = ratio >= low && ratio <= high;
  if (first < second) return { surrogate: first, slope: firstMoves ? advantage : 0 };
  if (second < first) return { surrogate: second, slope: secondMoves ? advantage : 0 };
  return { surrogate: first, slope: firstMoves && secondMoves ? advantage : 0 };
}

/** beta * (exp(ref - lp) - (ref - lp) - 1), added to every token's term. */
function klTerms(s: Sequence, beta: number, weight: number, gradient: Float64Array, sums: ClipSums): number {
  if (s.referenceLogprobs === undefined) {
    throw new TypeError("Cannot add a KL penalty as reference log-probs are missing");
  }
  let loss = 0;
  for (let t = 0; t < gradient.length; t++) {
    const gap = s.referenceLogprobs[t]! - s.logprobs[t]!;
    const kl = Math.exp(gap) - gap - 1;
    loss += beta * kl * weight;
    gradient[t]! += beta * (1 - Math.exp(gap)) * weight;
    sums.kl += kl;
    sums.klTokens++;
  }
  return loss;
}
