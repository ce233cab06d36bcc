// One step's experience: draw problems, sample a group of completions for each, score them, and while a group is
// difficult sample it again with the next hint (the GHPO step, arXiv 2507.10628). Every algorithm that samples runs
// through here; they differ in their guidance (ghpo/strategies) alone.
//
// A group keeps the prompt that its completions were sampled under: what one group needs never touches another.

import type { GuidanceLevel } from "#shared/schemas/guidance.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { Completion, Group } from "#shared/schemas/rollout.ts";
import { answerBeginning, buildPrompt, type PromptStyle } from "#shared/text/prompts.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { combineRewards, groupAdvantages, moments } from "../ghpo/advantage.ts";
import { isDifficult, successRate } from "../ghpo/difficulty.ts";
import { hintAt } from "../ghpo/guidance.ts";
import { completionBudget, shuffledIndex } from "../ghpo/schedule.ts";
import type { Guidance } from "../ghpo/strategies/strategy.ts";
import type { Sample, Sampler, SampleRequest } from "../learner/policy.ts";
import { SOLO, type Team } from "../team/team.ts";
import { decidingReward, type Reward } from "./rewards.ts";
import { stopsAt } from "./stop_strings.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

/** What stays the same over a run. */
export interface RolloutSetting {
  recipe: TrainRecipe;
  problems: readonly Problem[];
  tokenizer: Tokenizer;
  rewards: readonly Reward[];
  sampler: Sampler;
  eosIds: number[];
  /** Tokens that a prompt may have. */
  promptBudget: number;
  /** The ranks that sample and score together; alone unless given. */
  team?: Team;
}

/** Completions that were sampled under one prompt. */
export interface Part {
  guidance: GuidanceLevel;
  prompt: string;
  prompt_ids: number[];
  completions: Completion[];
}

/** One problem of a step. Its parts share one advantage baseline; without un-hinted replicas there is one part. */
export interface Attempt {
  problem: Problem;
  plain: { prompt: string; prompt_ids: number[] };
  parts: Part[];
  /** The reward that says what is solved. */
  deciding: ReturnType<typeof decidingReward>;
  /** Success rate of the un-hinted group; null when none was sampled or the answer cannot be verified. */
  accuracyUnhinted: number | null;
  /** Whether the first group of this step was difficult, and the stages that were sampled because of that. */
  difficult: boolean;
  escalations: number[];
  /** Whether all rewards are equal: in the first group, and in the one that is trained on. */
  zeroStdBefore: boolean;
  zeroStd: boolean;
}

export interface Rollout {
  /** What is trained on. */
  attempts: Attempt[];
  /** Everything that was drawn, the groups replaced by resampling included. */
  drawn: Attempt[];
  /** Problems drawn from the stream so far: where the next step continues. */
  cursor: number;
  generatedTokens: number;
  /** Those of them in second and later rounds. */
  extraTokens: number;
}

/** Samples the groups of the step that follows `step` steps, problems from `cursor` on. */
export async function collect(
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

  const sample = async (parts: { attempt: Attempt; part: Part; samples: number }[], first: boolean) => {
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
      const request: SampleRequest = { prompt_ids: part.prompt_ids, samples, key: [step, requests++] };
      return { request, attempt, part };
    });
    const answers = await team.share("the sampling", jobs, async (own) => {
      const samples = await setting.sampler.generate(own.map(({ request }) => request), options);
      const limit = limited(recipe.reward.max_concurrency);
      return await Promise.all(
        own.map(({ attempt, part }, i) => scored(setting, attempt.problem, part, samples[i]!, limit)),
      );
    });
    for (const [index, { part }] of parts.entries()) {
      part.completions = answers[index]!.map((answer) => completionOf(setting, answer));
      const tokens = part.completions.reduce((sum, completion) => sum + completion.ids.length, 0);
      rollout.generatedTokens += tokens;
      if (!first) rollout.extraTokens += tokens;
    }
  };

  for (let round = 0; round <= recipe.train.resample_rounds; round++) {
    const missing = recipe.train.prompts_per_step - rollout.attempts.length;
    if (missing === 0) break;
    const fresh: Attempt[] = [];
    for (let i = 0; i < missing; i++) {
      const index = shuffledIndex(rollout.cursor++, pool.length, recipe.seed, recipe.data.shuffle);
      fresh.push(newAttempt(setting, pool[index]!));
    }
    await sample(fresh.flatMap((attempt) => begin(setting, guidance, attempt)), round === 0);
    for (const attempt of fresh) {
      attempt.accuracyUnhinted = unhintedAccuracy(attempt);
      attempt.difficult = isDifficult(accuracies(attempt), recipe.ghpo.difficulty_threshold);
      attempt.zeroStdBefore = moments(totals(attempt, setting.rewards)).equal;
    }
    for (let hard = fresh; guidance.escalate;) {
      hard = hard.filter((attempt) => isDifficult(accuracies(attempt), recipe.ghpo.difficulty_threshold));
      const next = hard.flatMap((attempt) => escalate(setting, guidance, attempt));
      if (next.length === 0) break;
      await sample(next, false);
      hard = next.map(({ attempt }) => attempt);
    }
    rollout.drawn.push(...fresh);
    const last = round === recipe.train.resample_rounds;
    rollout.attempts.push(...fresh.filter((attempt) => last || successRate(accuracies(attempt)) !== 1));
  }
  setAdvantages(setting, rollout.attempts);
  return rollout;
}

/** The records of the rollout that follows `step` steps, for the run directory. */
export function groupsOf(rollout: Rollout, step: number): Group[] {
  return rollout.attempts.flatMap((attempt) =>
    attempt.parts.map((part) => ({
      step: step + 1,
      problem_id: attempt.problem.id,
      ...part,
      accuracy_unhinted: attempt.accuracyUnhinted,
      policy_version: step,
    }))
  );
}

/** Success of each completion of an attempt, by the reward that decides what is difficult. */
export function accuracies({ parts, deciding }: Attempt): (number | null)[] {
  return parts.flatMap((part) => part.completions.map((completion) => successOf(completion, deciding)));
}

function successOf({ rewards }: Completion, { name, threshold }: Attempt["deciding"]): number | null {
  const value = rewards[name] ?? null;
  return threshold === null || value === null ? value : Number(value >= threshold);
}

/** The largest stage among an attempt's parts: 0 when it ended without a hint. */
export function finalStage(attempt: Attempt): number {
  return Math.max(...attempt.parts.map((part) => part.guidance.stage));
}

/** A problem before anything was sampled for it. Throws when its prompt is longer than the budget. */
export function newAttempt(setting: RolloutSetting, problem: Problem): Attempt {
  const plain = buildPrompt(setting.tokenizer, problem.text, "", style(setting.recipe));
  if (plain.prompt_ids.length > setting.promptBudget) {
    throw new RangeError(
      `Cannot train on problem ${problem.id} as its prompt must have at most ${setting.promptBudget} tokens: ` +
        `current length is ${plain.prompt_ids.length}`,
    );
  }
  return {
    problem,
    plain,
    parts: [],
    deciding: decidingReward(setting.recipe.reward),
    accuracyUnhinted: null,
    difficult: false,
    escalations: [],
    zeroStdBefore: false,
    zeroStd: false,
  };
}

/** The first parts to sample: un-hinted, or at the stage that the problem starts at. */
function begin(setting: RolloutSetting, guidance: Guidance, attempt: Attempt) {
  const level = levelAt(setting, guidance, attempt.problem, guidance.startStage(attempt.problem));
  if (level.hint !== "") return hinted(setting, attempt, level);
  const part = { guidance: { ...level, stage: 0, ratio: 0 }, ...attempt.plain, completions: [] };
  attempt.parts = [part];
  return [{ attempt, part, samples: setting.recipe.generation.num_generations }];
}

/** The parts to sample at the next stage that shows more than the last one did; none when there is no such stage. */
function escalate(setting: RolloutSetting, guidance: Guidance, attempt: Attempt) {
  const current = attempt.parts.at(-1)!.guidance;
  for (let stage = current.stage + 1; stage <= guidance.ratios.length; stage++) {
    const level = levelAt(setting, guidance, attempt.problem, stage);
    if (level.hint.length <= current.hint.length) continue;
    attempt.escalations.push(level.stage);
    return hinted(setting, attempt, level);
  }
  return [];
}

/** Makes a hinted part the end of an attempt; the first un-hinted completions stay with it as replicas. */
function hinted(setting: RolloutSetting, attempt: Attempt, level: GuidanceLevel) {
  const { recipe, tokenizer } = setting;
  const replicas = recipe.ghpo.unhinted_replicas;
  const built = buildPrompt(tokenizer, attempt.problem.text, level.hint, style(recipe));
  const part: Part = { guidance: level, ...built, completions: [] };
  const todo = [{ attempt, part, samples: recipe.generation.num_generations - replicas }];
  const kept: Part[] = [];
  if (replicas > 0) {
    const before = attempt.parts.find(({ guidance }) => guidance.stage === 0);
    const guidance = { ...level, stage: 0, ratio: 0, hint: "", leak: false };
    const plain = before ?? { guidance, ...attempt.plain, completions: [] };
    if (before === undefined) todo.unshift({ attempt, part: plain, samples: replicas });
    kept.push(
      before === undefined ? plain : { ...before, completions: before.completions.slice(0, replicas) },
    );
  }
  attempt.parts = [...kept, part];
  return todo;
}

function levelAt(
  setting: RolloutSetting,
  { ratios }: Guidance,
  problem: Problem,
  stage: number,
): GuidanceLevel {
  const { recipe, tokenizer, promptBudget } = setting;
  return hintAt(problem, stage, stage === 0 ? 0 : ratios[stage - 1]!, {
    cut: recipe.ghpo.hint_cut,
    leakGuard: recipe.ghpo.leak_guard,
    tokenPieces: (text) => tokenizer.pieces(text),
    fits: (hint) =>
      buildPrompt(tokenizer, problem.text, hint, style(recipe)).prompt_ids.length <= promptBudget,
  });
}

function style(recipe: TrainRecipe): PromptStyle {
  const { hint_glue: glue, hint_placement: placement } = recipe.ghpo;
  return { ...recipe.prompt, glue, placement };
}

/** A sample and its rewards, on the way between ranks. */
interface Scored {
  ids: Uint32Array;
  logprobs: Float64Array;
  finish_reason: Sample["finish_reason"];
  rewards: Record<string, number | null>;
}

/** Samples with their rewards. */
async function scored(
  setting: RolloutSetting,
  problem: Problem,
  part: Part,
  samples: readonly Sample[],
  limit: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<Scored[]> {
  const begun = answerBeginning(setting.tokenizer, setting.recipe.prompt) +
    (setting.recipe.ghpo.hint_placement === "assistant" ? part.guidance.hint : "");
  return await Promise.all(samples.map((sample) =>
    limit(async (): Promise<Scored> => {
      const ids = Array.from(sample.ids);
      const text = setting.tokenizer.decode(ids);
      const { finish_reason } = sample;
      const input = {
        problem,
        completion: begun + text,
        solution: part.guidance.hint + text,
        ids,
        finish_reason,
      };
      const rewards: Record<string, number | null> = {};
      for (const reward of setting.rewards) rewards[reward.name] = await reward.call(input);
      const logprobs = Float64Array.from(sample.logprobs);
      return { ids: Uint32Array.from(ids), logprobs, finish_reason, rewards };
    })
  ));
}

/** Runs work, at most so much at a time, in the order in which it is asked for. */
function limited(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running === most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}

function completionOf(
  { tokenizer }: RolloutSetting,
  { ids, logprobs, finish_reason, rewards }: Scored,
): Completion {
  const tokens = Array.from(ids);
  const text = tokenizer.decode(tokens);
  return { ids: tokens, text, finish_reason, logprobs: Array.from(logprobs), rewards, advantage: 0 };
}

function unhintedAccuracy(attempt: Attempt): number | null {
  const plain = attempt.parts.find(({ guidance }) => guidance.stage === 0);
  if (plain === undefined) return null;
  return successRate(plain.completions.map((completion) => successOf(completion, attempt.deciding)));
}

/** The weighted reward of each completion of an attempt. */
export function totals(attempt: Attempt, rewards: readonly Reward[]): (number | null)[] {
  const weights = rewards.map((reward) => reward.weight);
  return attempt.parts.flatMap((part) =>
    part.completions.map((c) => combineRewards(rewards.map(({ name }) => c.rewards[name]!), weights))
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
