// The completions of a step as training examples.

import type { LearnerSequence } from "../learner/policy.ts";
import { NonFiniteError } from "../run/nonfinite.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";
import type { Attempt } from "./attempts.ts";

/** What is trained on: one completion. */
export interface Example extends LearnerSequence {
  advantage: number;
  /** Left out of the loss, as it ran into the limit of tokens; it counts as one of the sequences. */
  masked?: boolean;
  /** Log-probs when it was sampled; null where it was not, or under another prompt than it is scored under. */
  behaviour: ArrayLike<number> | null;
}

/**
 * The completions of a step as training examples. With the hint dropped from the loss, a completion is scored under
 * the plain prompt although it was sampled under the hinted one. Demonstrations were not `sampled` at all.
 */
export function examplesOf(
  attempts: readonly Attempt[],
  hintLoss: TrainRecipe["ghpo"]["hint_loss"],
  { sampled = true, maskTruncated = false }: { sampled?: boolean; maskTruncated?: boolean } = {},
): Example[] {
  return attempts.flatMap(({ plain, parts }) =>
    parts.flatMap((part) => {
      const dropped = hintLoss === "dropped" && part.guidance.stage > 0;
      const prompt = dropped ? plain.prompt_ids : part.prompt_ids;
      return part.completions.map((c) => ({
        ids: [...prompt, ...c.ids],
        prompt_length: prompt.length,
        advantage: c.advantage,
        behaviour: dropped || !sampled ? null : c.logprobs,
        ...(maskTruncated && c.finish_reason === "length" && { masked: true }),
      }));
    })
  );
}

/**
 * Weights that are ruined answer nothing right, so that no completion has an advantage and no forward pass is made:
 * only the log-probs of the sampling tell.
 */
export function checkSamples(examples: readonly Example[]): void {
  for (const example of examples) {
    const logprobs = Float32Array.from(example.behaviour ?? []);
    const wrong = logprobs.find((value) => !Number.isFinite(value));
    if (wrong === undefined) continue;
    throw new NonFiniteError("log-probs of sampled tokens", wrong, { batch: [facts(example, logprobs)] });
  }
}

/** An example of a batch that went wrong, for the dump. */
export function facts({ ids, prompt_length, advantage }: Example, logprobs: Float32Array) {
  return { ids: Array.from(ids), prompt_length, advantage, logprobs: Array.from(logprobs) };
}

/** Its log-probs when it was sampled. Throws a TypeError where it was not. */
export function behaviourOf({ behaviour }: Example): Float32Array {
  if (behaviour === null) {
    throw new TypeError("Cannot use the behaviour log-probs of an example as it was not sampled");
  }
  return Float32Array.from(behaviour);
}
