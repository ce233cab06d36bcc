// A short run of the whole loop on a policy without GPU, to be stopped, killed and resumed.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Problem } from "#shared/schemas/problem.ts";
import { RunDirectory } from "../run/directory.ts";
import { Status } from "../run/progress.ts";
import { chainProblem, EOS, scriptedSetting, tinyRecipe, tinyTokenizer, UnigramPolicy } from "./testing.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";
import { chooseSource } from "./choose_source.ts";
import { runLoop, type TrainResult } from "./train.ts";

export const problems = ["1", "2", "3", "4", "5"].map((id) => chainProblem(id));
export const SETTINGS = {
  algorithm: "ghpo",
  data: { path: "d" },
  generation: { num_generations: 4, max_completion_length: 6 },
  ghpo: { start_stage_memory: true },
  loss: { loss_type: "grpo" },
  optimizer: { learning_rate: 2, warmup_steps: 2 },
  train: { max_steps: 6, prompts_per_step: 3, micro_batch_tokens: 128 },
  eval: { eval_every: 2 },
  checkpoint: { save_every: 2, keep: 2 },
};

/** For the optimizer: no schedule, so that a run may become longer. */
export const CONSTANT = { learning_rate: 2, lr_scheduler_type: "constant", warmup_ratio: 0 };

interface RunOptions {
  resume?: boolean;
  stop?: AbortSignal;
  problems?: Problem[];
  acceptChanges?: string[];
  status?: Status;
}

/** A run of `SETTINGS` with some of them changed. */
export async function run(
  output_dir: string,
  o: RunOptions & { policy?: UnigramPolicy; settings?: Record<string, unknown> } = {},
): Promise<{ result: TrainResult; policy: UnigramPolicy }> {
  const recipe = tinyRecipe({ ...SETTINGS, output_dir, ...o.settings as typeof SETTINGS });
  const policy = o.policy ?? new UnigramPolicy();
  return { result: await runRecipe(recipe, policy, o), policy };
}

/** How the bag policy is evaluated in the loop. */
export const evaluationOn = (sampler: UnigramPolicy, problems: readonly Problem[]) => ({
  sampler,
  tokenizer: tinyTokenizer,
  problems,
  prompt: { system: "" },
  preset: "strict" as const,
  max_tokens: 6,
  eosIds: [EOS],
});

/** Runs on the bag policy; a completion is right when it contains a 7. */
export async function runRecipe(
  recipe: TrainRecipe,
  policy: UnigramPolicy,
  o: RunOptions = {},
): Promise<TrainResult> {
  const { setting } = await scriptedSetting(recipe, o.problems ?? problems, () => "");
  const call = (i: { completion: string }) => +i.completion.includes("7");
  const rewards = [{ name: "accuracy", weight: 1, call }];
  const evaluation = evaluationOn(policy, problems.slice(0, 2));
  return await runLoop({
    recipe,
    policy,
    source: chooseSource({ ...setting, sampler: policy, learner: policy, rewards }),
    evaluation: recipe.eval.eval_every > 0 ? evaluation : null,
    resume: o.resume ?? false,
    status: o.status ?? new Status({ total: 1, quiet: true }),
    acceptChanges: o.acceptChanges ?? [],
    stop: o.stop ?? new AbortController().signal,
  });
}

/** Everything a run leaves, without what the clock wrote. */
export function outcome(path: string) {
  const clock = /^(time|step_time$)/;
  const metrics = new RunDirectory(path).readMetrics()
    .map((record) => Object.entries(record).filter(([key]) => !clock.test(key)));
  const rollouts = readdirSync(join(path, "rollouts")).sort()
    .map((name) => [name, readFileSync(join(path, "rollouts", name), "utf8")]);
  const newest = join(path, "checkpoints", readdirSync(join(path, "checkpoints")).sort().at(-1)!);
  const weights = ["model.json", "optimizer.json", "trainer_state.json"]
    .map((name) => readFileSync(join(newest, name), "utf8"));
  return { metrics, rollouts, weights, checkpoints: readdirSync(join(path, "checkpoints")).sort() };
}

/** A policy and a signal that is aborted in the middle of the given step. */
export function stopIn(step: number) {
  const controller = new AbortController();
  let updates = 0;
  const policy = new UnigramPolicy((name) => {
    if (name === "step" && ++updates === step) controller.abort();
  });
  return { policy, stop: controller.signal };
}
