// Reinforcement learning as a source of batches: the recipe's guidance strategy says how hints are used, rollouts.ts
// samples and scores, and the strategy sees what became of it.

import { parse } from "#shared/schemas/parse.ts";
import { successRate } from "../ghpo/difficulty.ts";
import { ruleFacts } from "../alerts/rules.ts";
import type { Loss } from "../ghpo/losses/loss.ts";
import { learningRate } from "../ghpo/schedule.ts";
import type { AnyStrategy } from "../ghpo/strategies/strategy.ts";
import { guidanceMetrics, rolloutMetrics, type Values } from "./metrics.ts";
import { accuracies, finalStage } from "./attempts.ts";
import { collect, groupsOf, type Rollout, type RolloutSetting } from "./rollouts.ts";
import type { BatchSource, TrainingBatch } from "./source.ts";
import { examplesOf, updateSettings } from "./update.ts";

export function rolloutSource(setting: RolloutSetting, strategy: AnyStrategy, loss: Loss): BatchSource {
  const { recipe } = setting;
  return {
    kind: "train",
    steps: recipe.train.max_steps,
    problems: setting.problems,
    facts: ruleFacts(recipe),
    tokenizer: setting.tokenizer,
    metrics: batchMetrics(setting),
    shards: { count: recipe.train.shards, setting: "train.shards" },
    begin: () => strategy.begin(recipe),
    restore: (state, what) => parse(strategy.state, state, what),
    async next(step, { cursor, state }, steered) {
      const now = steered.temperature ?? recipe.generation.temperature;
      const steeredRecipe = { ...recipe, generation: { ...recipe.generation, temperature: now } };
      const guidance = strategy.next(step, state, recipe);
      const rollout = await collect({ ...setting, recipe: steeredRecipe }, step, cursor, guidance);
      const outcomes = rollout.drawn.map((attempt) => ({
        problem: attempt.problem,
        stage: finalStage(attempt),
        accuracy: successRate(accuracies(attempt)),
      }));
      const maskTruncated = recipe.loss.mask_truncated_completions;
      const examples = examplesOf(rollout.attempts, recipe.ghpo.hint_loss, { maskTruncated });
      return {
        ...batchOf(setting, loss, rollout, step, steered.learning_rate),
        examples,
        temperature: now,
        after: { cursor: rollout.cursor, state: strategy.observe(state, outcomes, step, recipe) },
      };
    },
  };
}

/** What batches of rollouts and of demonstrations have in common. */
export function batchOf(
  { recipe, rewards }: RolloutSetting,
  loss: Loss,
  rollout: Rollout,
  step: number,
  steeredRate: number | undefined,
): Omit<TrainingBatch, "examples" | "temperature" | "after"> {
  const { max_steps } = recipe.train;
  const peak = steeredRate ?? recipe.optimizer.learning_rate;
  const values = valuesOf({ recipe, rewards }, rollout);
  return {
    update: updateSettings(recipe, loss),
    learningRate: learningRate(step, max_steps, peak, recipe.optimizer),
    learningRateSetting: "optimizer.learning_rate",
    generatedTokens: rollout.generatedTokens,
    trainingTokens: trainingTokens(rollout),
    values,
    groups: groupsOf(rollout, step),
    note: note(values),
  };
}

function valuesOf({ recipe, rewards }: Pick<RolloutSetting, "recipe" | "rewards">, rollout: Rollout): Values {
  return {
    ...rolloutMetrics(rollout, rewards),
    ...guidanceMetrics(rollout, recipe.ghpo.hint_stages.length, recipe.ghpo.difficulty_threshold),
  };
}

/** The names of a batch's metrics: those of a rollout of nothing. */
export function batchMetrics(setting: RolloutSetting): string[] {
  const nothing = { attempts: [], drawn: [], cursor: 0, generatedTokens: 0, extraTokens: 0 };
  return Object.keys(valuesOf(setting, nothing));
}

function trainingTokens(rollout: Rollout): number {
  let tokens = 0;
  for (const part of rollout.attempts.flatMap((attempt) => attempt.parts)) {
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
