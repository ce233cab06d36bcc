// Staleness of exactly one step (train.staleness = 1): a step learns from samples of the weights before its last
// update, so that workers can sample the next step during the update of this one. All guidance rounds of a step are
// sampled with the same weights; the strategy's state is not delayed. The first two steps are sampled with the first
// weights.
//
// Samples drawn ahead of time are part of the state that a checkpoint keeps, as their weights no longer exist on
// resume.

import * as v from "valibot";
import { inMicroBatches } from "#shared/engine/backward/micro_batches.ts";
import { sha256 } from "#shared/io/hash.ts";
import { parse } from "#shared/schemas/parse.ts";
import { count } from "#shared/schemas/values.ts";
import { runExclusive } from "../learner/mutex.ts";
import type { Steered } from "../run/steering.ts";
import { SOLO } from "../team/team.ts";
import type { Attempt } from "./attempts.ts";
import type { Values } from "./metrics.ts";
import type { RolloutSetting } from "./rollouts.ts";
import type { BatchSource, Position, TrainingBatch } from "./batch_source.ts";
import { checkSamples, examplesOf } from "./examples.ts";
import { addDifference, checkAgreement } from "./update_totals.ts";

/** One group in this many is compared with the learner's log-probs. */
const COMPARED = 32;

/** All that a step has sampled, as JSON. */
export interface SampledStep {
  attempts: Attempt[];
  temperature: number;
  values: Values;
  generatedTokens: number;
  /** Where the step after it continues, with what the strategy remembers. */
  after: Position;
}

const SampledSchema = v.custom<SampledStep>((value) => {
  const { attempts, after } = (value ?? {}) as Partial<SampledStep>;
  return Array.isArray(attempts) && typeof after === "object";
}, "must be what a step has sampled");

/** What a strategy remembers, and what was sampled ahead for the step that follows `step` steps: null at both ends. */
const StateSchema = v.strictObject({
  strategy: v.unknown(),
  ahead: v.strictObject({ step: count, sampled: v.nullable(SampledSchema) }),
});
type State = v.InferOutput<typeof StateSchema>;

/**
 * A source that samples every step but the first while the step before it is learned from.
 * @param sample samples a step with the weights as they are
 * @param batch what a step learns from; `version` is the number of steps behind the weights that sampled it
 */
export function oneStepStale(
  source: Omit<BatchSource, "next">,
  setting: RolloutSetting,
  sample: (step: number, position: Position, steered: Steered) => Promise<SampledStep>,
  batch: (
    sampled: SampledStep,
    step: number,
    steered: Steered,
    version: number,
  ) => Omit<TrainingBatch, "after">,
): BatchSource {
  const { steps } = source;
  const { sampler, team = SOLO } = setting;
  const compared = async (step: number, position: Position, steered: Steered) => {
    const sampled = await sample(step, position, steered);
    return { ...sampled, values: { ...sampled.values, ...await compare(setting, sampled, step) } };
  };
  /** Samples the step that follows `step` steps, unless that is behind the last one. */
  const ahead = async (step: number, from: Position, steered: Steered): Promise<Position> => {
    const sampled = step < steps ? await compared(step, from, steered) : null;
    const state: State = { strategy: from.state, ahead: { step, sampled } };
    return { cursor: from.cursor, state };
  };
  return {
    ...source,
    metrics: [], // the weights that they belong to are gone when they are known
    begin: (): State => ({ strategy: source.begin(), ahead: { step: 0, sampled: null } }),
    restore(stored, what) {
      const { strategy, ahead } = parse(StateSchema, stored, what);
      if (ahead.sampled === null && ahead.step > 0 && ahead.step < steps) {
        throw new Error(
          `Cannot make this run longer as with train.staleness = 1 its last step has sampled nothing for another ` +
            `one: train.max_steps must be ${ahead.step}, current value is ${steps}`,
        );
      }
      return { strategy: source.restore(strategy, what), ahead };
    },
    async next(step, { cursor, state }, steered) {
      const before = state as State;
      if (before.ahead.step !== step) {
        throw new Error(
          `Cannot continue with step ${step} as the samples at hand are for step ${before.ahead.step}`,
        );
      }
      const sampled = before.ahead.sampled ??
        await compared(step, { cursor, state: before.strategy }, steered);
      const after = ahead(step + 1, sampled.after, steered);
      // The learner has nothing to do meanwhile where it samples itself, and ranks must meet in one order.
      const elsewhere = sampler.ask !== undefined && team.size === 1;
      return {
        ...batch(sampled, step, steered, Math.max(step - 1, 0)),
        after: elsewhere ? after : await after,
      };
    },
  };
}

/**
 * Compares log-probs of sampler and learner while the learner has the weights that sampled: at the update it has others.
 * @throws Error when they disagree, as `update` does without staleness
 */
async function compare(
  { recipe, learner }: RolloutSetting,
  { attempts, temperature }: SampledStep,
  step: number,
): Promise<Values> {
  if (learner === undefined) throw new TypeError("Cannot sample ahead without a learner to compare with");
  const examples = examplesOf(attempts, "conditioned");
  checkSamples(examples);
  const order = (index: number) => sha256(JSON.stringify([recipe.seed, step, index]));
  const some = [...attempts.keys()].sort((a, b) => order(a) < order(b) ? -1 : 1)
    .slice(0, Math.ceil(attempts.length / COMPARED)).sort((a, b) => a - b);
  const chosen = examplesOf(some.map((index) => attempts[index]!), "conditioned");
  const all = { difference: 0, compared: 0, largest: 0 };
  for (const batch of inMicroBatches(chosen, recipe.train.micro_batch_tokens)) {
    const { logprobs } = await runExclusive(learner, () => {
      learner.setTemperature(temperature);
      return learner.forward(batch);
    });
    batch.forEach(({ behaviour }, i) => addDifference(all, behaviour!, logprobs[i]!));
  }
  checkAgreement(all);
  return {
    "sampling/sampling_logp_difference/mean": all.difference / Math.max(all.compared, 1),
    "sampling/sampling_logp_difference/max": all.largest,
  };
}
