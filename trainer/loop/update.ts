// One update of the policy: the completions of a step, packed into micro-batches, through the objective of
// ghpo/objective.ts and one optimizer step an iteration. The learner only sees tokens and coefficients.

import { inMicroBatches } from "#shared/engine/backward/micro_batches.ts";
import type { Loss, LossOptions, Sequence } from "../ghpo/losses/types.ts";
import { LOSSES } from "../ghpo/losses/index.ts";
import { objective } from "../ghpo/objective.ts";
import { runExclusive } from "../learner/mutex.ts";
import { NonFiniteError } from "../run/nonfinite.ts";
import type { Policy } from "../learner/policy.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";
import { Shards } from "../team/shards.ts";
import { SOLO } from "../team/team.ts";
import { behaviourOf, checkSamples, type Example, facts } from "./examples.ts";
import {
  addDifference,
  addSums,
  checkAgreement,
  merged,
  newTotals,
  summary,
  type Totals,
  type UpdateResult,
} from "./update_totals.ts";

/** How a batch is learned from. */
export interface UpdateSettings {
  loss: Loss;
  options: LossOptions;
  /** Optimizer steps on the same batch. */
  num_iterations: number;
  micro_batch_tokens: number;
  /** The loss that is shown: the mean negative log-likelihood of a token, for demonstrations; else the objective. */
  shows_nll?: boolean;
  /** Sampled with older weights: the ratio is to the log-probs that it was sampled with, not to those before the update. */
  offPolicy: boolean;
}

/** How a recipe of `train` learns. */
export function updateSettings(
  { loss: settings, train, generation }: Pick<TrainRecipe, "loss" | "train" | "generation">,
  loss: Loss = LOSSES.find(({ name }) => name === settings.loss_type)!,
): UpdateSettings {
  return {
    loss,
    options: { ...settings, max_completion_length: generation.max_completion_length },
    num_iterations: settings.num_iterations,
    micro_batch_tokens: train.micro_batch_tokens,
    offPolicy: train.staleness > 0,
  };
}

/**
 * Runs `num_iterations` optimizer steps on the examples of one step.
 *
 * @param shards how the examples are dealt, over several ranks perhaps; all have the same examples
 * @param temperature that they were sampled at
 * @param ready awaited before the weights change
 * @throws NonFiniteError instead of an update with numbers that are none
 * @throws Error when sampler and learner disagree, before the weights are changed
 */
export async function update(
  policy: Policy,
  examples: readonly Example[],
  { loss, options, num_iterations, micro_batch_tokens, shows_nll = false, offPolicy }: UpdateSettings,
  learningRate: number,
  shards = new Shards(SOLO, policy, 1, "train.shards"),
  { temperature, ready }: { temperature?: number; ready?: unknown } = {},
): Promise<UpdateResult> {
  checkSamples(examples);
  const completionLength = (e: Example) => e.ids.length - e.prompt_length;
  const norm = {
    sequences: examples.length,
    tokens: sum(examples.filter(({ masked }) => !masked).map(completionLength)),
  };
  // A completion without advantage has no gradient, but it counts in every mean.
  const idle = (e: Example) =>
    e.masked === true || (e.advantage === 0 && options.beta === 0 && loss.keepsZeroAdvantage !== true);
  const batches = shards.deal(examples.filter((e) => !idle(e)))
    .map((shard) => inMicroBatches(shard, micro_batch_tokens));
  const microBatches = sum(batches.map(({ length }) => length));

  const old = new Map<Example, Float32Array>();
  /** Of each shard, over all iterations. */
  let totals = batches.map(newTotals);
  let gradNorm = 0;
  for (let iteration = 0; iteration < num_iterations; iteration++) {
    totals = await shards.run("the gradients", async (shard) => {
      const total = totals[shard]!;
      for (const batch of batches[shard]!) await runExclusive(policy, () => learn(batch, iteration, total));
      return total;
    });
    if (iteration === 0) {
      checkAgreement(merged(totals));
      await ready;
    }
    gradNorm = await shards.step(learningRate);
  }
  const sampled = !offPolicy && examples.some(({ behaviour }) => behaviour !== null);
  const total = merged(totals);
  const result = summary(total, gradNorm, num_iterations, sampled);
  return shows_nll ? { ...result, loss: total.nll / Math.max(norm.tokens, 1) } : result;

  async function learn(batch: Example[], iteration: number, total: Totals): Promise<void> {
    if (temperature !== undefined) policy.setTemperature(temperature);
    // The reference goes first: what the policy's forward pass leaves in memory then serves its backward.
    const reference = options.beta > 0 ? await policy.reference(batch) : undefined;
    const pass = await policy.forward(batch);
    const sequences = batch.map((example, i): Sequence => {
      const logprobs = pass.logprobs[i]!;
      if (iteration === 0) old.set(example, offPolicy ? behaviourOf(example) : logprobs.slice());
      const referenceLogprobs = reference?.[i];
      return {
        logprobs,
        oldLogprobs: old.get(example)!,
        advantage: example.advantage,
        ...(referenceLogprobs && { referenceLogprobs }),
      };
    });
    const microTokens = sum(batch.map(completionLength));
    const result = objective(sequences, loss, options, { ...norm, microBatches, microTokens });
    if (!Number.isFinite(result.loss)) {
      policy.discard();
      throw new NonFiniteError("loss", result.loss, {
        batch: batch.map((e, i) => facts(e, pass.logprobs[i]!)),
      });
    }
    total.loss += result.loss;
    addSums(total.clip, result.sums);
    for (const entropy of pass.entropy) total.entropy += sum(entropy);
    total.tokens += microTokens;
    if (iteration === 0 && !offPolicy) {
      batch.forEach(({ behaviour }, i) => {
        if (behaviour !== null) addDifference(total, behaviour, pass.logprobs[i]!);
      });
    }
    if (iteration === 0) { for (const logprobs of pass.logprobs) total.nll -= sum(logprobs); }
    await policy.backward(pass, result.coefficients);
  }
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
