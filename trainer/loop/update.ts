// One update of the policy: the completions of a step, packed into micro-batches, through the objective of
// ghpo/objective.ts and one optimizer step an iteration. The learner only sees tokens and coefficients.

import { inMicroBatches } from "#shared/engine/backward/micro_batches.ts";
import type { ClipSums, Loss, LossOptions, Sequence } from "../ghpo/losses/loss.ts";
import { LOSSES } from "../ghpo/losses/losses.ts";
import { objective } from "../ghpo/objective.ts";
import { inTurn } from "../learner/turns.ts";
import { NonFiniteError } from "../run/nonfinite.ts";
import type { LearnerSequence, Policy } from "../learner/policy.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";
import { Shards } from "../team/shards.ts";
import { SOLO } from "../team/team.ts";
import type { Attempt } from "./attempts.ts";

/** Of log-probs, on average: a thousand times what rounding does. */
const LARGEST_DIFFERENCE = 0.1;

/** What is trained on: one completion. */
export interface Example extends LearnerSequence {
  advantage: number;
  /** Left out of the loss, as it ran into the limit of tokens; it counts as one of the sequences. */
  masked?: boolean;
  /** Log-probs when it was sampled; null where it was not, or under another prompt than it is scored under. */
  behaviour: ArrayLike<number> | null;
}

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

export interface UpdateResult {
  loss: number;
  grad_norm: number;
  /** Mean over the tokens that were trained on; null when there were none. */
  entropy: number | null;
  kl: number | null;
  clip: { low: number; high: number };
  /** Difference between the sampler's log-probs and the learner's, a check of the engine; null where nothing was sampled. */
  logpDifference: { mean: number; max: number } | null;
  trainedTokens: number;
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
    e.masked === true || (e.advantage === 0 && options.beta === 0 && loss.needsIdle !== true);
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
      for (const batch of batches[shard]!) await inTurn(policy, () => learn(batch, iteration, total));
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
function facts({ ids, prompt_length, advantage }: Example, logprobs: Float32Array) {
  return { ids: Array.from(ids), prompt_length, advantage, logprobs: Array.from(logprobs) };
}

function newTotals() {
  const clip: ClipSums = { count: 0, low: 0, high: 0, kl: 0, klTokens: 0 };
  return { loss: 0, nll: 0, clip, entropy: 0, tokens: 0, difference: 0, compared: 0, largest: 0 };
}

type Totals = ReturnType<typeof newTotals>;

/** The totals of all shards, added up in their order. */
function merged(totals: readonly Totals[]): Totals {
  const all = { ...totals[0]!, clip: { ...totals[0]!.clip } };
  for (const { clip, ...total } of totals.slice(1)) {
    addSums(all.clip, clip);
    all.loss += total.loss;
    all.nll += total.nll;
    all.entropy += total.entropy;
    all.tokens += total.tokens;
    all.difference += total.difference;
    all.compared += total.compared;
    all.largest = Math.max(all.largest, total.largest);
  }
  return all;
}

function addSums(into: ClipSums, sums: ClipSums): void {
  into.count += sums.count;
  into.low += sums.low;
  into.high += sums.high;
  into.kl += sums.kl;
  into.klTokens += sums.klTokens;
}

function behaviourOf({ behaviour }: Example): Float32Array {
  if (behaviour === null) {
    throw new TypeError("Cannot use the behaviour log-probs of an example as it was not sampled");
  }
  return Float32Array.from(behaviour);
}

/** Between the log-probs of a completion's tokens when it was sampled and the learner's. */
export function addDifference(
  total: Pick<Totals, "difference" | "compared" | "largest">,
  behaviour: ArrayLike<number>,
  logprobs: Float32Array,
): void {
  for (let t = 0; t < logprobs.length; t++) {
    const difference = Math.abs(logprobs[t]! - behaviour[t]!);
    total.difference += difference;
    total.largest = Math.max(total.largest, difference);
    total.compared++;
  }
}

/**
 * Sampler and learner compute the same numbers by different kernels, to some 1e-4. Where a driver gets one of them wrong
 * the gradients are of other completions than those that were rewarded.
 */
export function checkAgreement({ difference, compared }: Pick<Totals, "difference" | "compared">): void {
  const mean = difference / Math.max(compared, 1);
  if (mean <= LARGEST_DIFFERENCE) return;
  throw new Error(
    `Cannot train as the log-probs of sampler and learner must agree to ${LARGEST_DIFFERENCE} on average: current ` +
      `difference is ${
        mean.toPrecision(3)
      }; \`variants = "base"\` in the recipe keeps to the portable kernels`,
  );
}

function summary(
  total: Totals,
  grad_norm: number,
  iterations: number,
  sampled: boolean,
): UpdateResult {
  const { clip, tokens } = total;
  const share = (part: number) => part / Math.max(clip.count, 1);
  return {
    loss: total.loss / iterations,
    grad_norm,
    entropy: tokens > 0 ? total.entropy / tokens : null,
    kl: clip.klTokens > 0 ? clip.kl / clip.klTokens : null,
    clip: { low: share(clip.low), high: share(clip.high) },
    logpDifference: sampled
      ? { mean: total.difference / Math.max(total.compared, 1), max: total.largest }
      : null,
    trainedTokens: tokens / iterations,
  };
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
