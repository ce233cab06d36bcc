// Reinforcement learning as a source of batches: the recipe's guidance strategy says how hints are used, rollouts.ts
// samples and scores, and the strategy sees what became of it.

import { parse } from "#shared/schemas/parse.ts";
import { successRate } from "../ghpo/difficulty.ts";
import { ruleFacts } from "../alerts/rules.ts";
import type { Loss } from "../ghpo/losses/types.ts";
import { learningRate } from "../ghpo/schedule.ts";
import type { AnyStrategy } from "../ghpo/strategies/types.ts";
import { guidanceMetrics, rolloutMetrics, type Values } from "./metrics.ts";
import { accuracies, type Attempt, finalStage } from "./attempts.ts";
import { collectRollouts, groupsOf, type Rollout, type RolloutSetting } from "./rollouts.ts";
import type { Steered } from "../run/steering.ts";
import type { BatchSource, Position, TrainingBatch } from "./batch_source.ts";
import { oneStepStale, type SampledStep } from "./staleness.ts";
import { examplesOf } from "./examples.ts";
import { updateSettings } from "./update.ts";

/** What a source says of itself by its recipe, whether it samples or demonstrates. */
export function describeSource(setting: RolloutSetting) {
  const { recipe } = setting;
  return {
    kind: "train" as const,
    steps: recipe.train.max_steps,
    problems: setting.problems,
    facts: ruleFacts(recipe),
    tokenizer: setting.tokenizer,
    metrics: batchMetrics(setting),
    shards: { count: recipe.train.shards, setting: "train.shards" },
  };
}

export function rolloutSource(setting: RolloutSetting, strategy: AnyStrategy, loss: Loss): BatchSource {
  const { recipe } = setting;
  const source = {
    ...describeSource(setting),
    begin: () => strategy.begin(recipe),
    restore: (state: unknown, what: string) => parse(strategy.state, state, what),
  };
  const sample = (step: number, position: Position, steered: Steered) =>
    sampleStep(setting, strategy, step, position, steered);
  const batch = (sampled: SampledStep, step: number, steered: Steered, version: number) => {
    const maskTruncated = recipe.loss.mask_truncated_completions;
    return {
      ...batchOf(setting, loss, sampled, step, steered.learning_rate, version),
      examples: examplesOf(sampled.attempts, recipe.ghpo.hint_loss, { maskTruncated }),
      temperature: sampled.temperature,
    };
  };
  if (recipe.train.staleness === 1) return oneStepStale(source, setting, sample, batch);
  return {
    ...source,
    async next(step, position, steered) {
      const sampled = await sample(step, position, steered);
      return { ...batch(sampled, step, steered, step), after: sampled.after };
    },
  };
}

async function sampleStep(
  setting: RolloutSetting,
  strategy: AnyStrategy,
  step: number,
  { cursor, state }: Position,
  steered: Steered,
): Promise<SampledStep> {
  const { recipe } = setting;
  const temperature = steered.temperature ?? recipe.generation.temperature;
  const steeredRecipe = { ...recipe, generation: { ...recipe.generation, temperature } };
  const guidance = strategy.next(step, state, recipe);
  const rollout = await collectRollouts({ ...setting, recipe: steeredRecipe }, step, cursor, guidance);
  const outcomes = rollout.drawn.map((attempt) => ({
    problem: attempt.problem,
    stage: finalStage(attempt),
    accuracy: successRate(accuracies(attempt)),
  }));
  return {
    attempts: rollout.attempts,
    temperature,
    values: valuesOf(setting, rollout),
    generatedTokens: rollout.generatedTokens,
    after: { cursor: rollout.cursor, state: strategy.observe(state, outcomes, step, recipe) },
  };
}

/**
 * What batches of rollouts and of demonstrations have in common.
 * @param version steps behind the weights that sampled it
 */
export function batchOf(
  { recipe }: RolloutSetting,
  loss: Loss,
  sampled: Pick<SampledStep, "attempts" | "values" | "generatedTokens">,
  step: number,
  steeredRate: number | undefined,
  version = step,
): Omit<TrainingBatch, "examples" | "temperature" | "after"> {
  const { max_steps } = recipe.train;
  const peak = steeredRate ?? recipe.optimizer.learning_rate;
  const { attempts, values, generatedTokens } = sampled;
  return {
    update: updateSettings(recipe, loss),
    learningRate: learningRate(step, max_steps, peak, recipe.optimizer),
    learningRateSetting: "optimizer.learning_rate",
    generatedTokens,
    trainingTokens: trainingTokens(attempts),
    values,
    groups: groupsOf(sampled, step, version),
    note: note(values),
  };
}

/** The metrics of a rollout. */
export function valuesOf(
  { recipe, rewards }: Pick<RolloutSetting, "recipe" | "rewards">,
  rollout: Rollout,
): Values {
  return {
    ...rolloutMetrics(rollout, rewards),
    ...guidanceMetrics(rollout, recipe.ghpo.hint_stages.length, recipe.ghpo.difficulty_threshold),
  };
}

/** The names of a batch's metrics: those of a rollout of nothing. */
function batchMetrics(setting: RolloutSetting): string[] {
  const nothing = { attempts: [], drawn: [], cursor: 0, generatedTokens: 0, extraTokens: 0 };
  return Object.keys(valuesOf(setting, nothing));
}

function trainingTokens(attempts: readonly Attempt[]): number {
  let tokens = 0;
  for (const part of attempts.flatMap((attempt) => attempt.parts)) {
    for (const completion of part.completions) tokens += part.prompt_ids.length + completion.ids.length;
  }
  return tokens;
}

function note(values: Values): string {
  const percent = (key: string) => {
    const value = values[key];
    return value === null || value === undefined ? "–" : `${Math.round(100 * value)} %`;
  };
  return `un-hinted accuracy ${percent("ghpo/accuracy_unhinted")}  difficult ${
    percent("ghpo/frac_difficult")
  }`;
}
