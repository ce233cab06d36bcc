// One step's experience: draw problems, sample a group of completions for each, score them, and while a group is
// difficult sample it again with the next hint (the GHPO step, arXiv 2507.10628). Every algorithm that samples runs
// through here; they differ in their guidance (ghpo/strategies) alone.

import type { Problem } from "#shared/schemas/problem.ts";
import type { Group } from "#shared/schemas/rollout.ts";
import { stopsAt } from "#shared/text/stop_strings.ts";
import { groupAdvantages, moments } from "../ghpo/advantage.ts";
import { isDifficult, successRate } from "../ghpo/difficulty.ts";
import { completionBudget, shuffledIndex } from "../ghpo/schedule.ts";
import type { Guidance } from "../ghpo/strategies/types.ts";
import type { GenerationRequest, Policy, Sampler } from "../learner/policy.ts";
import { SOLO, type Team } from "../team/team.ts";
import {
  accuracies,
  type Attempt,
  type AttemptSetting,
  firstParts,
  newAttempt,
  nextParts,
  type PartToSample,
  totals,
  unhintedAccuracy,
} from "./attempts.ts";
import { completionOf, limited, scoreSamples, type ScoringSetting } from "./scoring.ts";

/** What stays the same over a run. */
export interface RolloutSetting extends AttemptSetting, ScoringSetting {
  problems: readonly Problem[];
  sampler: Sampler;
  /** What learns from the samples, where they are compared with it as they come (train.staleness). */
  learner?: Pick<Policy, "forward" | "setTemperature">;
  eosIds: number[];
  /** The ranks that sample and score together; alone unless given. */
  team?: Team;
}

export interface Rollout {
  /** What is trained on. */
  attempts: Attempt[];
  /** Everything that was drawn, the groups replaced by resampling included. */
  drawn: Attempt[];
  /** Problems drawn from the stream so far: where the next step continues. */
  cursor: number;
  generatedTokens: number;
  /** Those of them that hints and resampling have added. */
  extraTokens: number;
}

/** Samples the groups of the step that follows `step` steps, problems from `cursor` on. */
export async function collectRollouts(
  setting: RolloutSetting,
  step: number,
  cursor: number,
  guidance: Guidance,
): Promise<Rollout> {
  const { recipe, team = SOLO } = setting;
  const max_tokens = completionBudget(step, recipe.train.max_steps, recipe.generation);
  const pool = guidance.pool?.(setting.problems) ?? setting.problems;
  const rollout: Rollout = { attempts: [], drawn: [], cursor, generatedTokens: 0, extraTokens: 0 };
  let requests = 0;

  const sampleParts = async (parts: readonly PartToSample[], first: boolean) => {
    const options = {
      max_tokens,
      temperature: recipe.generation.temperature,
      greedy: false,
      seed: recipe.seed,
      eos_ids: setting.eosIds,
      ends: stopsAt(setting.tokenizer, recipe.generation.stop),
      extend: requests > 0, // the weights stay as they are within a step
    };
    const jobs = parts.map(({ attempt, part, samples }) => {
      const request: GenerationRequest = { prompt_ids: part.prompt_ids, samples, key: [step, requests++] };
      return { request, attempt, part };
    });
    const { sampler } = setting;
    const elsewhere = sampler.ask && await team.fromFirst(
      "the answers of workers",
      () => sampler.ask!(jobs.map(({ request }) => request), options),
      true,
    );
    const asked = jobs.map((job, i) => ({ ...job, answer: elsewhere?.[i] ?? null }));
    const answers = await team.share("the sampling", asked, async (own) => {
      const samples = await sampler.generate(
        own.map(({ request }) => request),
        options,
        elsewhere && own.map(({ answer }) => answer),
      );
      const limit = limited(recipe.reward.max_concurrency);
      return await Promise.all(
        own.map(({ attempt, part }, i) => scoreSamples(setting, attempt.problem, part, samples[i]!, limit)),
      );
    });
    for (const [index, { part }] of parts.entries()) {
      part.completions = answers[index]!.map((answer) => completionOf(setting, answer));
      const tokens = part.completions.reduce((sum, completion) => sum + completion.ids.length, 0);
      rollout.generatedTokens += tokens;
      if (!first) rollout.extraTokens += tokens;
    }
  };

  for (let resampled = 0; resampled <= recipe.train.resample_rounds; resampled++) {
    const missing = recipe.train.prompts_per_step - rollout.attempts.length;
    if (missing === 0) break;
    const fresh: Attempt[] = [];
    for (let i = 0; i < missing; i++) {
      const index = shuffledIndex(rollout.cursor++, pool.length, recipe.seed, recipe.data.shuffle);
      fresh.push(newAttempt(setting, pool[index]!));
    }
    await sampleParts(fresh.flatMap((attempt) => firstParts(setting, guidance, attempt)), resampled === 0);
    for (const attempt of fresh) {
      attempt.accuracyUnhinted = unhintedAccuracy(attempt);
      attempt.difficult = isDifficult(accuracies(attempt), recipe.ghpo.difficulty_threshold);
      attempt.zeroStdBefore = moments(totals(attempt, setting.rewards)).equal;
    }
    for (let hard = fresh; guidance.escalate;) {
      hard = hard.filter((attempt) => isDifficult(accuracies(attempt), recipe.ghpo.difficulty_threshold));
      const next = hard.flatMap((attempt) => nextParts(setting, guidance, attempt));
      if (next.length === 0) break;
      await sampleParts(next, false);
      hard = next.map(({ attempt }) => attempt);
    }
    rollout.drawn.push(...fresh);
    const last = resampled === recipe.train.resample_rounds;
    rollout.attempts.push(...fresh.filter((attempt) => last || successRate(accuracies(attempt)) !== 1));
  }
  setAdvantages(setting, rollout.attempts);
  return rollout;
}

/**
 * The records of the rollout that follows `step` steps, for the run directory.
 * @param version steps behind the weights that sampled it
 */
export function groupsOf({ attempts }: Pick<Rollout, "attempts">, step: number, version = step): Group[] {
  return attempts.flatMap((attempt) =>
    attempt.parts.map((part) => ({
      step: step + 1,
      problem_id: attempt.problem.id,
      ...part,
      accuracy_unhinted: attempt.accuracyUnhinted,
      policy_version: version,
    }))
  );
}

/** Writes the advantages of the final groups into their completions. */
function setAdvantages({ recipe, rewards }: RolloutSetting, attempts: readonly Attempt[]): void {
  const groups = attempts.map((attempt) => totals(attempt, rewards));
  const { values, zeroStd } = groupAdvantages(groups, recipe.loss.scale_rewards);
  attempts.forEach((attempt, g) => {
    attempt.zeroStd = zeroStd[g]!;
    const members = attempt.parts.flatMap((part) => part.completions);
    members.forEach((completion, i) => completion.advantage = values[g]![i]!);
  });
}
