// The random tiny model on the engine, and a short run of it.

import { fileURLToPath } from "node:url";
import { syntheticProblems } from "#shared/problems/synthetic.ts";
import { chooseSource } from "../loop/choose_source.ts";
import { loadRewards } from "../loop/rewards.ts";
import { tinyRecipe } from "../loop/testing.ts";
import { runLoop, type TrainResult } from "../loop/train.ts";
import { Status } from "../run/progress.ts";
import type { EnginePolicy } from "./gpu_policy.ts";
import type { EngineOptions } from "./open_engine.ts";

export const TINY = fileURLToPath(new URL("../recipes/tiny", import.meta.url));

export const TINY_ENGINE: EngineOptions = {
  model: TINY,
  randomSeed: 3,
  learner: { micro_batch_tokens: 512, temperature: 1 },
  optimizer: { adam_beta1: 0.9, adam_beta2: 0.95, adam_epsilon: 1e-8, weight_decay: 0, max_grad_norm: 1 },
  reference: false,
};

/** Trains on one-step problems with a reward for digits, which gives the random model something to learn. */
export async function trainTiny(
  policy: EnginePolicy,
  output_dir: string,
  o: {
    max_steps: number;
    problems: number;
    save_every: number;
    loss?: Record<string, unknown>;
    resume?: boolean;
  },
): Promise<TrainResult> {
  const recipe = tinyRecipe({
    output_dir,
    loss: o.loss ?? {},
    generation: { num_generations: 4, max_completion_length: 16 },
    train: { max_steps: o.max_steps, prompts_per_step: 4, micro_batch_tokens: 512 },
    checkpoint: { save_every: o.save_every, keep: 0 },
  });
  const count = o.problems;
  const digits = ({ completion }: { completion: string }) => completion.replace(/\D/g, "").length / 16;
  return await runLoop({
    recipe,
    policy,
    source: chooseSource({
      recipe,
      problems: syntheticProblems({ families: ["chain"], levels: [2], count, seed: 1, split: "train" }),
      tokenizer: policy.tokenizer,
      rewards: [...await loadRewards(recipe), { name: "digits", weight: 1, call: digits }],
      sampler: policy,
      eosIds: policy.model.config.eos_token_ids,
      promptBudget: 96,
    }),
    evaluation: null,
    resume: o.resume ?? false,
    status: new Status({ total: o.max_steps, quiet: true }),
    stop: new AbortController().signal,
  });
}
