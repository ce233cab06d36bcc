// Short runs to break: one on the policy that needs no GPU, one on the real engine, and what a run leaves behind.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "#shared/io/hash.ts";
import { type SftRecipe, SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import { SOLO } from "../team/team.ts";
import { contextOf } from "#shared/engine/model/context.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { promptLimit } from "../preflight/requirements.ts";
import { trainingProblems } from "../loop/data.ts";
import type { EnginePolicy } from "../learner/gpu_policy.ts";
import { openEngine } from "../learner/open_engine.ts";
import type { StoredPolicy } from "../learner/policy.ts";
import { loadRecipe } from "../run/recipe.ts";
import { loadRewards } from "../loop/rewards.ts";
import { RunDirectory } from "../run/directory.ts";
import { sftSource } from "../loop/sft_source.ts";
import { Status } from "../run/progress.ts";
import { chainProblem, EOS, tinyRecipe, tinyTokenizer } from "../loop/testing.ts";
import { chooseSource } from "../loop/choose_source.ts";
import { runLoop, type TrainResult } from "../loop/train.ts";
import { type TrainRecipe, TrainRecipeSchema } from "../run/train_recipe.ts";

const folders: string[] = [];

export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-fault-"));
  folders.push(folder);
  return folder;
}

export function removeTemporary(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

const quiet = () => new Status({ total: 1, quiet: true });
const never = new AbortController().signal;

/** Eight steps on a policy without GPU; a completion is right when it contains a 7. */
export async function unigramRun(
  output_dir: string,
  policy: StoredPolicy,
  resume = false,
  checkpoint = { save_every: 2, keep: 2 },
  team = SOLO,
): Promise<TrainResult> {
  const recipe = tinyRecipe({
    output_dir,
    generation: { num_generations: 4, max_completion_length: 6 },
    optimizer: { learning_rate: 2, lr_scheduler_type: "constant", warmup_ratio: 0 },
    train: { max_steps: 8, prompts_per_step: 3, micro_batch_tokens: 128, shards: team.size },
    checkpoint,
  });
  const call = (i: { completion: string }) => +i.completion.includes("7");
  return await runLoop({
    recipe,
    policy,
    source: chooseSource({
      recipe,
      problems: ["1", "2", "3", "4", "5"].map((id) => chainProblem(id)),
      tokenizer: tinyTokenizer,
      rewards: [{ name: "accuracy", weight: 1, call }],
      sampler: policy,
      eosIds: [EOS],
      promptBudget: 96,
      team,
    }),
    team,
    evaluation: null,
    resume,
    status: quiet(),
    stop: never,
  });
}

/** The demo's recipe cut down to a few small steps. */
export function smallRecipe(output_dir: string, max_steps: number): TrainRecipe {
  return loadRecipe(TrainRecipeSchema, "demo", [
    ["output_dir", output_dir],
    ["train.max_steps", String(max_steps)],
    ["train.prompts_per_step", "4"],
    ["generation.num_generations", "4"],
    ["generation.max_completion_length", "24"],
    ["eval.eval_every", "0"],
    ["checkpoint.save_every", "1"],
  ]);
}

export function openSmall(recipe: TrainRecipe): Promise<EnginePolicy> {
  const { micro_batch_tokens, gradient_checkpointing } = recipe.train;
  return openEngine({
    model: recipe.model,
    learner: { micro_batch_tokens, gradient_checkpointing, temperature: recipe.generation.temperature },
    optimizer: recipe.optimizer,
    reference: false,
  });
}

/** The same on the real engine. */
export async function engineRun(
  recipe: TrainRecipe,
  policy: EnginePolicy,
  resume: boolean,
): Promise<TrainResult> {
  const { config } = policy.model;
  return await runLoop({
    recipe,
    policy,
    source: chooseSource({
      recipe,
      problems: await trainingProblems(recipe),
      tokenizer: policy.tokenizer,
      rewards: await loadRewards(recipe),
      sampler: policy,
      eosIds: config.eos_token_ids,
      promptBudget: promptLimit(recipe, contextOf(config)).tokens,
    }),
    evaluation: null,
    resume,
    status: quiet(),
    stop: never,
  });
}

/** A few small steps of supervised fine-tuning. */
export function smallSftRecipe(output_dir: string, steps: number): SftRecipe {
  return loadRecipe(SftRecipeSchema, "tiny-sft", [
    ["model", "trainer/recipes/tiny-base"],
    ["output_dir", output_dir],
    ["sft.from_scratch", "false"],
    ["sft.phases", `[{ steps = ${steps}, learning_rate = 1e-3 }]`],
    ["sft.examples_per_step", "8"],
    ["sft.micro_batch_tokens", "256"],
    ["eval.eval_every", "0"],
    ["checkpoint.save_every", "1"],
  ]);
}

export function openSmallSft(recipe: SftRecipe): Promise<EnginePolicy> {
  const { micro_batch_tokens } = recipe.sft;
  return openEngine({
    model: recipe.model,
    learner: { micro_batch_tokens, temperature: 1 },
    optimizer: recipe.optimizer,
    reference: false,
  });
}

const CONTEXT = { name: "context", tokens: 256 } as const;

/** Supervised fine-tuning on generated problems with either policy. */
export function sftRun(
  recipe: SftRecipe,
  policy: StoredPolicy,
  tokenizer: Tokenizer,
  resume: boolean,
): Promise<TrainResult> {
  return runLoop({
    recipe,
    policy,
    source: sftSource({ recipe, tokenizer, eosId: tokenizer.id("<eos>")!, context: CONTEXT, problems: null }),
    evaluation: null,
    resume,
    status: quiet(),
    stop: never,
  });
}

/** Digests of the newest checkpoint's weights and moments, and the rewards and losses of every step. */
export function outcome(run: string) {
  const newest = join(run, "checkpoints", readdirSync(join(run, "checkpoints")).sort().at(-1)!);
  const files = readdirSync(newest).filter((name) => /^(model|optimizer|trainer_state)\./.test(name)).sort();
  return {
    files: files.map((name) => [name, sha256(readFileSync(join(newest, name)))]),
    scores: new RunDirectory(run).readMetrics().map(({ step, reward, loss }) => [step, reward, loss]),
  };
}
