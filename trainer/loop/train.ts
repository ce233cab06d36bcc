// The one training loop, readable from top to bottom: take a batch, update, measure, save. Where batches come from is a
// matter of the source (batch_source.ts): rollouts under a strategy, demonstrations or supervised examples. How a model
// computes is a matter of the policy.
//
// `step` is the number of completed steps, here as on disk.

import type { CheckpointManifest } from "#shared/schemas/checkpoint.ts";
import type { Alert } from "#shared/schemas/alerts.ts";
import type { SftRecipe } from "#shared/schemas/recipe/sft.ts";
import { Watch } from "../alerts/watch.ts";
import type { StoredPolicy } from "../learner/policy.ts";
import { checkBestBy, isBetter } from "../run/best.ts";
import { checkpointName, pruneCheckpoints } from "../run/checkpoint.ts";
import { RunDirectory } from "../run/directory.ts";
import { EventFile } from "../run/event_file.ts";
import { inputsOf } from "../run/inputs.ts";
import type { Status } from "../run/progress.ts";
import { recipeDigest } from "../run/resume.ts";
import { Steering } from "../run/steering.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";
import { RankLog } from "../team/rank_log.ts";
import { beginRun, guardOf, rankFacts, saveTogether } from "../team/shared_run.ts";
import { sharedSampler } from "../team/sampler.ts";
import { Shards } from "../team/shards.ts";
import { requireSame, SOLO, type Team } from "../team/team.ts";
import type { Listeners } from "../library/custom_parts.ts";
import { evalMetricNames, evalMetrics, type EvalSetting } from "./eval_metrics.ts";
import { updateMetrics, type Values } from "./metrics.ts";
import type { BatchSource } from "./batch_source.ts";
import { update } from "./update.ts";

export interface Training {
  recipe: TrainRecipe | SftRecipe;
  policy: StoredPolicy;
  source: BatchSource;
  /** Null: no evaluation in the loop. */
  evaluation: EvalSetting | null;
  resume: boolean;
  status: Status;
  /** Ends the run early, after the step that reaches this many generated tokens. */
  tokenBudget?: number;
  /** Names of inputs that may have changed since the checkpoint that the run is resumed from. */
  acceptChanges?: readonly string[];
  /** Aborted: finish the step, save and return. */
  stop: AbortSignal;
  /** Functions of a program that hear of steps and rollouts. */
  listeners?: Listeners;
  /** The ranks that train together; alone unless given. */
  team?: Team;
  /** More metrics of a step. */
  meters?: () => Promise<Values>;
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
export async function runLoop(training: Training): Promise<TrainResult> {
  const { recipe, policy, source, status, stop, tokenBudget = Infinity, team = SOLO, listeners } = training;
  const { eval_every } = recipe.eval;
  const { save_every, keep, best_by } = recipe.checkpoint;
  const mostRollouts = "max_rollouts_gb" in recipe.checkpoint && recipe.checkpoint.max_rollouts_gb !== null
    ? recipe.checkpoint.max_rollouts_gb * 1e9
    : Infinity;
  const epoch = source.problems?.length ?? null;
  const shards = new Shards(team, policy, source.shards.count, source.shards.setting);
  const run = new RunDirectory(recipe.output_dir, team.first);
  const start = performance.now();
  await requireSame(team, () => rankFacts(policy, source.problems ?? []));
  using lock = new DisposableStack();
  const evaluation = training.evaluation &&
    { ...training.evaluation, sampler: sharedSampler(team, training.evaluation.sampler) };
  const evaluated = evaluation === null ? [] : await evalMetricNames(evaluation);
  checkBestBy(recipe.checkpoint, [...evaluated, ...source.metrics]);
  const inputs = inputsOf(recipe, source.problems, evaluation?.problems ?? null);
  const accepted = training.acceptChanges ?? [];
  const progress = await beginRun(
    team,
    run,
    recipe,
    source,
    policy,
    training.resume,
    inputs,
    accepted,
    lock,
  );
  for (const note of progress.notes) status.log(note);
  source.tokenizer.chatOptions.now = new Date(progress.begun);
  let { step, generatedTokens, checkpoint } = progress;
  const { state, elapsed } = progress;
  if (policy.memory) run.writeMemory(policy.memory);
  status.start(step);
  const steering = team.first
    ? new Steering(run.path, {
      log: (line) => status.log(line),
      ...(source.kind === "sft" && { steers: ["learning_rate"] }), // nothing is sampled
    })
    : null; // asked on rank 0 alone
  const guard = await guardOf(team, run);
  const ranks = await RankLog.begin(team, run.path, policy.facts.adapter);
  await using watch = team.first
    ? new Watch(
      { path: run.path, settings: recipe.alerts, facts: source.facts },
      status,
      run.readMetrics(),
    )
    : null; // told by rank 0 alone
  const events = team.first && recipe.report_to.includes("tensorboard")
    ? new EventFile(run.path, progress.begun, run.readMetrics())
    : null;
  const seconds = () => elapsed + (performance.now() - start) / 1000;

  if (step === 0 && evaluation !== null) {
    const values = await evalMetrics(evaluation);
    const record = { step, time: seconds(), ...values };
    run.appendMetrics(record);
    events?.add(record);
    status.log(`step 0  ${headline(values)}`);
  }
  const isLast = () => step === source.steps || generatedTokens >= tokenBudget;
  const save = async (metrics: Values) => {
    const facts = {
      kind: source.kind,
      step,
      ...policy.facts,
      seed: recipe.seed,
      recipe_sha256: recipeDigest(recipe),
      data_cursor: cursorOf(state.cursor, epoch),
      inputs,
      generated_tokens: generatedTokens,
      elapsed_s: seconds(),
      metrics: Object.fromEntries(Object.entries(metrics).filter(([key]) => key.startsWith("eval_"))),
    };
    checkpoint = await saveTogether(team, run, facts, state, policy);
  };
  let stopped = false;
  while (!isLast() && !stopped) {
    const steered = await team.fromFirst("the start of a step", () => steering!.settingsAt(step, stop), true);
    const began = performance.now();
    const prefilled = policy.prefilledTokens();
    const batch = await source.next(step, { cursor: state.cursor, state: state.source }, steered);
    const sampled = performance.now();
    const prefilledTokens = policy.prefilledTokens() - prefilled;
    const { learningRate: rate } = batch;
    const sampledBest = batch.values[best_by];
    if (isBetter(sampledBest, state.best, recipe.checkpoint)) {
      state.best = { step, value: sampledBest };
      if (!checkpoint.endsWith(checkpointName(step))) await save({}); // the weights that earned it, before they change
    }
    const ready = Promise.resolve(batch.after);
    ready.catch(() => {}); // thrown below
    const result = await guard.attempt(
      step + 1,
      rate,
      () =>
        update(policy, batch.examples, batch.update, rate, shards, { temperature: batch.temperature, ready }),
      batch.learningRateSetting,
    ).finally(() => ready.catch(() => {})); // nothing samples on behind an error
    const after = await ready;
    const updated = performance.now();
    const prune = () => {
      if (team.first) pruneCheckpoints(run.checkpoints, keep, state.best?.step ?? null);
    };
    if (result !== null) prune();
    // Numbers that are none on every rank may come from the weights of one.
    else await requireSame(team, async () => ({ "the digest of the weights": await policy.digest() }));

    step++;
    state.cursor = after.cursor;
    state.source = after.state;
    state.num_tokens += batch.trainingTokens;
    generatedTokens += batch.generatedTokens;

    const times = team.times();
    const values: Values = {
      ...batch.values,
      ...updateMetrics(result, rate),
      skipped_updates: guard.skipped,
      ...(epoch !== null && { epoch: state.cursor / epoch }),
      num_tokens: state.num_tokens,
      generated_tokens: generatedTokens,
      step_time: (updated - began) / 1000,
      "time/rollout": (sampled - began) / 1000,
      "time/update": (updated - sampled) / 1000,
      gpu_bytes: policy.gpuBytes(),
      prefilled_tokens: prefilledTokens, // of this rank
      ...times,
      ...await training.meters?.(),
    };
    const last = isLast();
    if (evaluation !== null && (last || step % eval_every === 0)) {
      const scores = await evalMetrics(evaluation);
      Object.assign(values, scores);
      status.log(`step ${step}  ${headline(scores)}`);
    }
    if (batch.groups.length > 0) run.writeRollouts(step, batch.groups, mostRollouts);
    const record = { step, time: seconds(), ...values };
    run.appendMetrics(record);
    events?.add(record);
    watch?.observe(record);
    for (const group of batch.groups) await listeners?.onRollout?.(group);
    await listeners?.onStep?.(record);
    status.update(step, noteOf(batch.note, result?.loss));

    const score = evaluated.includes(best_by) ? values[best_by] : null;
    const improved = isBetter(score, state.best, recipe.checkpoint);
    if (improved) state.best = { step, value: score };
    const due = save_every > 0 && step % save_every === 0;
    const asked = await team.fromFirst("the end of a step", () => steering!.asked(step, stop), true);
    // Looked at once a step, so that no step ends unsaved. A signal may have reached one rank only.
    const ends = await team.allGather("the end of a step", () => ({ stopped: stop.aborted, times }));
    stopped = asked.stop || ends.some((end) => end.stopped);
    ranks.add(ends.map((end) => end.times));
    if (last || due || improved || stopped || asked.save) {
      await save(values);
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

function cursorOf(cursor: number, problems: number | null): CheckpointManifest["data_cursor"] {
  if (problems === null) return { epoch: 0, index: cursor };
  return { epoch: Math.floor(cursor / problems), index: cursor % problems };
}

function noteOf(note: string, loss: number | undefined): string {
  return [note, loss === undefined ? "update left out" : `loss ${loss.toFixed(3)}`].filter((part) =>
    part !== ""
  )
    .join("  ");
}

function headline(scores: Values): string {
  return `held-out accuracy ${(100 * (scores["eval_accuracy"] ?? NaN)).toFixed(1)} %`;
}
