// Supervised fine-tuning: cross-entropy on the solution, packed micro-batches, a few phases with their own learning
// rate. It makes the cold start that GHPO begins with, and shares checkpoints and resume with train.ts.

import { inMicroBatches } from "#shared/engine/backward/micro_batches.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { SftRecipe } from "#shared/schemas/recipe.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { pruneCheckpoints } from "../run/checkpoint.ts";
import { Watch } from "../alerts/watch.ts";
import { evaluate, type EvaluationSetting } from "./evaluate.ts";
import { learningRate } from "../ghpo/schedule.ts";
import type { Values } from "./metrics.ts";
import { NonFiniteError } from "../run/nonfinite.ts";
import type { LearnerSequence, StoredPolicy } from "../learner/policy.ts";
import { recipeDigest } from "../run/resume.ts";
import { RunDirectory } from "../run/directory.ts";
import { examplesAt } from "./sft_examples.ts";
import type { Status } from "../run/progress.ts";
import type { TrainResult } from "./train.ts";
import { beginRun, factsOf, guardOf, saveTogether } from "../team/run.ts";
import { sharedSampler } from "../team/sampler.ts";
import { Shards } from "../team/shards.ts";
import { requireSame, SOLO, type Team } from "../team/team.ts";

export interface Tuning {
  recipe: SftRecipe;
  policy: StoredPolicy;
  tokenizer: Tokenizer;
  eosId: number;
  /** The problems of a file, or null for generated ones. */
  problems: readonly Problem[] | null;
  evaluation: EvaluationSetting | null;
  resume: boolean;
  status: Status;
  /** Aborted: finish the step, save and return. */
  stop: AbortSignal;
  /** The ranks that train together; alone unless given. */
  team?: Team;
}

/** Runs a recipe to the end of its last phase, or until it is told to stop. */
export async function tune(tuning: Tuning): Promise<TrainResult> {
  const { recipe, policy, status, stop } = tuning;
  const total = totalSteps(recipe);
  const { team = SOLO } = tuning;
  const shards = new Shards(team, policy, recipe.sft.shards, "sft.shards");
  const run = new RunDirectory(recipe.output_dir, team.first);
  const start = performance.now();
  await requireSame(team, () => factsOf(policy, tuning.problems ?? []));
  using lock = new DisposableStack();
  const progress = await beginRun(team, run, recipe, "sft", policy, tuning.resume, lock);
  let { step, checkpoint } = progress;
  const { state, elapsed } = progress;
  status.start(step);
  const guard = await guardOf(team, run);
  const evaluation = tuning.evaluation &&
    { ...tuning.evaluation, sampler: sharedSampler(team, tuning.evaluation.sampler) };
  await using watch = team.first
    ? new Watch(
      {
        path: run.path,
        settings: recipe.alerts,
        facts: { algorithm: "sft", hints_after: null, loss_type: null },
      },
      status,
      run.readMetrics(),
    )
    : null; // told by rank 0 alone
  const seconds = () => elapsed + (performance.now() - start) / 1000;

  let stopped = false;
  while (step < total && !stopped) {
    const began = performance.now();
    const { phase, index, setting } = phaseAt(recipe, step);
    const rate = learningRate(index, phase.steps, phase.learning_rate, recipe.optimizer);
    const examples = examplesAt(
      step,
      phase,
      tuning.problems,
      recipe,
      tuning.tokenizer,
      tuning.eosId,
    );
    const update = () => learn(policy, examples, recipe.sft.micro_batch_tokens, rate, shards);
    const result = await guard.attempt(step + 1, rate, update, setting);
    const prune = () => {
      if (team.first) pruneCheckpoints(run.checkpoints, recipe.checkpoint.keep, null);
    };
    if (result !== null) prune();
    state.cursor += examples.length;
    state.num_tokens += examples.reduce((sum, example) => sum + example.ids.length, 0);
    step++;

    const values: Values = {
      ...(result ?? { loss: null, entropy: null, grad_norm: null }),
      learning_rate: rate,
      skipped_updates: guard.skipped,
      num_tokens: state.num_tokens,
      step_time: (performance.now() - began) / 1000,
      ...team.times(),
    };
    const last = step === total;
    if (evaluation !== null && (last || step % recipe.eval.eval_every === 0)) {
      const scores = await evaluate(evaluation);
      Object.assign(values, scores);
      status.log(`step ${step}  held-out accuracy ${(100 * (scores["eval_accuracy"] ?? NaN)).toFixed(1)} %`);
    }
    const record = { step, time: seconds(), ...values };
    run.appendMetrics(record);
    watch?.observe(record);
    status.update(step, result === null ? "update left out" : `loss ${result.loss.toFixed(3)}`);

    // Looked at once a step, so that no step ends unsaved. A signal may have reached one rank only.
    stopped = (await team.gather("the end of a step", () => stop.aborted)).includes(true);
    const due = recipe.checkpoint.save_every > 0 && step % recipe.checkpoint.save_every === 0;
    if (last || due || stopped) {
      const facts = {
        kind: "sft" as const,
        step,
        ...policy.facts,
        seed: recipe.seed,
        recipe_sha256: recipeDigest(recipe),
        data_cursor: { epoch: 0, index: state.cursor },
        generated_tokens: 0,
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
    finished: step === total,
    checkpoint,
    best: null,
    generated_tokens: 0,
    alerts: watch?.alerts ?? [],
  };
}

export function totalSteps(recipe: SftRecipe): number {
  return recipe.sft.phases.reduce((sum, phase) => sum + phase.steps, 0);
}

/** The phase that a step (from 0) belongs to, its index within it, and the name of its learning rate. */
function phaseAt(recipe: SftRecipe, step: number) {
  let index = step;
  for (const [i, phase] of recipe.sft.phases.entries()) {
    if (index < phase.steps) return { phase, index, setting: `sft.phases[${i}].learning_rate` };
    index -= phase.steps;
  }
  throw new RangeError(`Cannot run step ${step} as the recipe has ${totalSteps(recipe)} steps`);
}

/**
 * One optimizer step on the mean cross-entropy over all target tokens.
 * @throws NonFiniteError instead of an update with numbers that are none
 */
async function learn(
  policy: StoredPolicy,
  examples: readonly LearnerSequence[],
  limit: number,
  rate: number,
  shards: Shards,
): Promise<{ loss: number; entropy: number; grad_norm: number }> {
  const tokens = examples.reduce((sum, { ids, prompt_length }) => sum + ids.length - prompt_length, 0);
  const batches = shards.deal(examples).map((shard) => inMicroBatches(shard, limit));
  const parts = await shards.run("the gradients", async (shard) => {
    const total = { loss: 0, entropy: 0 };
    for (const batch of batches[shard]!) await add(batch, total);
    return total;
  });
  const grad_norm = await shards.step(rate);
  const [{ loss, entropy }] = parts as [{ loss: number; entropy: number }];
  return {
    loss: parts.slice(1).reduce((sum, part) => sum + part.loss, loss),
    entropy: parts.slice(1).reduce((sum, part) => sum + part.entropy, entropy),
    grad_norm,
  };

  async function add(batch: LearnerSequence[], total: { loss: number; entropy: number }): Promise<void> {
    const scores = await policy.forward(batch);
    for (const logprobs of scores.logprobs) for (const logprob of logprobs) total.loss -= logprob / tokens;
    for (const entropies of scores.entropy) for (const value of entropies) total.entropy += value / tokens;
    if (!Number.isFinite(total.loss)) {
      policy.discard();
      throw new NonFiniteError("loss", total.loss, {
        batch: batch.map(({ ids, prompt_length }, i) => ({
          ids: Array.from(ids),
          prompt_length,
          logprobs: Array.from(scores.logprobs[i]!),
        })),
      });
    }
    await policy.backward(
      scores.logprobs.map((logprobs) => new Float32Array(logprobs.length).fill(-1 / tokens)),
    );
  }
}
