// The training loop, readable from top to bottom: roll out, update, measure, save. Which algorithm runs is a matter of
// the recipe (ghpo/schedule.ts); how a model computes is a matter of the policy it is given.

import type { CheckpointManifest } from "#shared/schemas/checkpoint.ts";
import type { Alert } from "#shared/schemas/alerts.ts";
import type { TrainRecipe } from "#shared/schemas/recipe.ts";
import { mean } from "#shared/statistics.ts";
import { type LoopState, pruneCheckpoints } from "../run/checkpoint.ts";
import { ruleFacts } from "../alerts/rules.ts";
import { Watch } from "../alerts/watch.ts";
import { evaluate, type EvaluationSetting } from "./evaluate.ts";
import { successRate } from "../ghpo/difficulty.ts";
import { controlledRatio, nextStart } from "../ghpo/hint_schedule.ts";
import { learningRate, planFor } from "../ghpo/schedule.ts";
import { guidanceMetrics, rolloutMetrics, updateMetrics, type Values } from "./metrics.ts";
import type { StoredPolicy } from "../learner/policy.ts";
import { recipeDigest } from "../run/resume.ts";
import { accuracies, collect, finalStage, groupsOf, type Rollout, type RolloutSetting } from "./rollouts.ts";
import { demonstrate } from "./demonstrations.ts";
import { RunDirectory } from "../run/directory.ts";
import type { Status } from "../run/progress.ts";
import { Steering } from "../run/steering.ts";
import { beginRun, factsOf, guardOf, saveTogether } from "../team/run.ts";
import { sharedSampler } from "../team/sampler.ts";
import { Shards } from "../team/shards.ts";
import { requireSame, SOLO } from "../team/team.ts";
import { examplesOf, update } from "./update.ts";

export interface Training {
  recipe: TrainRecipe;
  policy: StoredPolicy;
  setting: RolloutSetting;
  /** Null: no evaluation in the loop. */
  evaluation: EvaluationSetting | null;
  resume: boolean;
  status: Status;
  /** Ends the run early, after the step that reaches this many generated tokens. */
  tokenBudget?: number;
  /** Aborted: finish the step, save and return. */
  stop: AbortSignal;
}

/** What the command prints with --json. */
export interface TrainResult {
  step: number;
  /** False when it was stopped before the last step. */
  finished: boolean;
  checkpoint: string;
  /** Step of the best checkpoint by `checkpoint.best_by`. */
  best: number | null;
  generated_tokens: number;
  /** What was wrong on the way, oldest first. */
  alerts: readonly Alert[];
}

/** Runs a recipe to its last step, or until it is told to stop. */
export async function train(training: Training): Promise<TrainResult> {
  const { recipe, policy, setting, status, stop, tokenBudget = Infinity } = training;
  const { team = SOLO } = setting;
  const shards = new Shards(team, policy, recipe.train.shards, "train.shards");
  const run = new RunDirectory(recipe.output_dir, team.first);
  const start = performance.now();
  await requireSame(team, () => factsOf(policy, setting.problems));
  using lock = new DisposableStack();
  const progress = await beginRun(team, run, recipe, "train", policy, training.resume, lock);
  let { step, generatedTokens, checkpoint } = progress;
  const { state, elapsed } = progress;
  status.start(step);
  const steering = team.first ? new Steering(run.path) : null; // asked on rank 0 alone
  const guard = await guardOf(team, run);
  await using watch = team.first
    ? new Watch(
      { path: run.path, settings: recipe.alerts, facts: ruleFacts(recipe) },
      status,
      run.readMetrics(),
    )
    : null; // told by rank 0 alone
  const seconds = () => elapsed + (performance.now() - start) / 1000;

  const evaluation = training.evaluation &&
    { ...training.evaluation, sampler: sharedSampler(team, training.evaluation.sampler) };
  if (step === 0 && evaluation !== null) {
    const values = await evaluate(evaluation);
    run.appendMetrics({ step, time: seconds(), ...values });
    status.log(`step 0  ${headline(values)}`);
  }
  const isLast = () => step === recipe.train.max_steps || generatedTokens >= tokenBudget;
  let stopped = false;
  while (!isLast() && !stopped) {
    const now = await team.fromFirst(
      "the start of a step",
      () => steering!.recipeAt(step, recipe, stop),
      true,
    );
    policy.setTemperature(now.generation.temperature);
    const began = performance.now();
    const rollout = now.algorithm === "sft"
      ? await demonstrate({ ...setting, recipe: now }, step, state.cursor)
      : await collect({ ...setting, recipe: now }, step, state.cursor, state.stage_memory, state.hint_ratio);
    const sampled = performance.now();
    const rate = learningRate(step, now.train.max_steps, now.optimizer.learning_rate, now.optimizer);
    const examples = examplesOf(rollout.attempts, now.ghpo.hint_loss, now.algorithm !== "sft");
    const result = await guard.attempt(step + 1, rate, () => update(policy, examples, now, rate, shards));
    const updated = performance.now();
    const prune = () => {
      if (team.first) pruneCheckpoints(run.checkpoints, recipe.checkpoint.keep, state.best?.step ?? null);
    };
    if (result !== null) prune();

    remember(state, rollout, step, recipe);
    state.cursor = rollout.cursor;
    state.num_tokens += trainingTokens(rollout);
    generatedTokens += rollout.generatedTokens;
    step++;

    const values: Values = {
      ...rolloutMetrics(rollout, setting.rewards),
      ...guidanceMetrics(rollout, recipe.ghpo.hint_stages.length, recipe.ghpo.difficulty_threshold),
      ...updateMetrics(result, rate),
      skipped_updates: guard.skipped,
      epoch: state.cursor / setting.problems.length,
      num_tokens: state.num_tokens,
      generated_tokens: generatedTokens,
      step_time: (updated - began) / 1000,
      "time/rollout": (sampled - began) / 1000,
      "time/update": (updated - sampled) / 1000,
      gpu_bytes: policy.gpuBytes(),
      ...team.times(),
    };
    const last = isLast();
    if (evaluation !== null && (last || step % recipe.eval.eval_every === 0)) {
      const scores = await evaluate(evaluation);
      Object.assign(values, scores);
      status.log(`step ${step}  ${headline(scores)}`);
    }
    run.writeRollouts(step, groupsOf(rollout, step - 1));
    const record = { step, time: seconds(), ...values };
    run.appendMetrics(record);
    watch?.observe(record);
    status.update(step, note(values));

    const improved = isBest(state, values[recipe.checkpoint.best_by]);
    if (improved !== null) state.best = { step, value: improved };
    const due = recipe.checkpoint.save_every > 0 && step % recipe.checkpoint.save_every === 0;
    const asked = await team.fromFirst("the end of a step", () => steering!.asked(step, stop), true);
    // Looked at once a step, so that no step ends unsaved. A signal may have reached one rank only.
    stopped = (await team.gather("the end of a step", () => stop.aborted)).includes(true) || asked.stop;
    if (last || due || improved !== null || stopped || asked.save) {
      const facts = {
        kind: "train" as const,
        step,
        ...policy.facts,
        seed: recipe.seed,
        recipe_sha256: recipeDigest(recipe),
        data_cursor: cursorOf(state.cursor, setting.problems.length),
        generated_tokens: generatedTokens,
        elapsed_s: seconds(),
        metrics: Object.fromEntries(Object.entries(values).filter(([key]) => key.startsWith("eval_"))),
      };
      checkpoint = await saveTogether(team, run, facts, state, policy);
      if (last && result !== null) prune();
    }
  }
  status.end();
  return {
    step,
    finished: isLast(),
    checkpoint,
    best: state.best?.step ?? null,
    generated_tokens: generatedTokens,
    alerts: watch?.alerts ?? [],
  };
}

function remember(state: LoopState, rollout: Rollout, step: number, recipe: TrainRecipe): void {
  const { baseline, algorithm } = recipe;
  if (algorithm === "grpo_constant_hint" && baseline.controller_gain > 0) {
    const hard = rollout.drawn.filter(({ problem }) => (problem.level ?? 0) >= baseline.hard_from_level);
    const known = hard.map((a) => successRate(accuracies(a))).filter((accuracy) => accuracy !== null);
    const accuracy = known.length === 0 ? null : mean(known);
    state.hint_ratio = controlledRatio(state.hint_ratio ?? baseline.constant_hint_ratio, accuracy, baseline);
  }
  if (planFor(step, recipe).ratios.length === 0 || recipe.algorithm !== "ghpo") return;
  for (const attempt of rollout.drawn) {
    const outcome = { stage: finalStage(attempt), accuracy: successRate(accuracies(attempt)) };
    const start = nextStart(outcome, recipe.ghpo);
    if (start > 0) state.stage_memory[attempt.problem.id] = start;
    else delete state.stage_memory[attempt.problem.id];
  }
}

function trainingTokens(rollout: Rollout): number {
  let tokens = 0;
  for (const part of rollout.attempts.flatMap((attempt) => attempt.parts)) {
    for (const completion of part.completions) tokens += part.prompt_ids.length + completion.ids.length;
  }
  return tokens;
}

function cursorOf(cursor: number, problems: number): CheckpointManifest["data_cursor"] {
  return { epoch: Math.floor(cursor / problems), index: cursor % problems };
}

function isBest(state: LoopState, value: number | null | undefined): number | null {
  return typeof value === "number" && value > (state.best?.value ?? -Infinity) ? value : null;
}

/** The two numbers that matter, for the progress line. */
function note(values: Values): string {
  const percent = (key: string) => `${Math.round(100 * (values[key] ?? NaN))} %`;
  return `un-hinted accuracy ${percent("ghpo/accuracy_unhinted")}  difficult ${
    percent("ghpo/frac_difficult")
  }`;
}

function headline(scores: Values): string {
  return `held-out accuracy ${(100 * (scores["eval_accuracy"] ?? NaN)).toFixed(1)} %`;
}
