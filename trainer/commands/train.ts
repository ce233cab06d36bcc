// train: reinforcement learning by a recipe.

import type { TrainRecipe } from "#shared/schemas/recipe.ts";
import { TrainRecipeSchema } from "#shared/schemas/recipe.ts";
import { trainingProblems } from "../data.ts";
import { openEngine } from "../engine.ts";
import { formatRecipe, loadRecipe, type Override } from "../recipe.ts";
import { loadRewards } from "../rewards.ts";
import { Status } from "../status.ts";
import { train, type TrainResult } from "../train.ts";
import { commandLine, evaluationOf, promptBudget, type RunOptions, stopSignal } from "./prepare.ts";

export async function trainCommand(
  file: string,
  options: RunOptions,
  overrides: readonly Override[],
): Promise<void> {
  const recipe = loadRecipe(TrainRecipeSchema, file, overrides);
  if (options.dryRun) {
    console.log(options.json ? JSON.stringify(recipe) : formatRecipe(recipe).trimEnd());
    return;
  }
  const result = await runTraining(recipe, options);
  const again = commandLine("train", file, [
    ...overrides.flatMap(([key, value]) => [`--${key}`, value]),
    "--resume",
  ]);
  console.log(options.json ? JSON.stringify(result) : summary(recipe, result, again));
  if (!result.finished) process.exitCode = 130;
}

/** Runs a recipe from start to end; a generated-token budget ends it early. */
export async function runTraining(
  recipe: TrainRecipe,
  options: RunOptions & { tokenBudget?: number },
): Promise<TrainResult & { output_dir: string }> {
  // Everything that can be wrong with the recipe comes before the GPU.
  const [problems, rewards] = [await trainingProblems(recipe), await loadRewards(recipe.reward)];
  const policy = await openEngine({
    model: recipe.model,
    learner: {
      micro_batch_tokens: recipe.train.micro_batch_tokens,
      gradient_checkpointing: recipe.train.gradient_checkpointing,
      temperature: recipe.generation.temperature,
    },
    optimizer: recipe.optimizer,
    reference: recipe.loss.beta > 0,
  });
  const status = new Status({ total: recipe.train.max_steps, quiet: options.quiet ?? false });
  try {
    const { config } = policy.model;
    const { max_completion_length: max_tokens } = recipe.generation;
    const result = await train({
      recipe,
      policy,
      setting: {
        recipe,
        problems,
        rewards,
        tokenizer: policy.tokenizer,
        sampler: policy,
        eosIds: config.eos_token_ids,
        promptBudget: promptBudget(recipe, config.max_position_embeddings),
      },
      evaluation: evaluationOf(recipe, policy, { preset: recipe.reward.preset, max_tokens }),
      resume: options.resume ?? false,
      status,
      stop: stopSignal(() => status.log("Stopping after this step; Ctrl-C again ends at once")),
      ...(options.tokenBudget !== undefined && { tokenBudget: options.tokenBudget }),
    });
    return { output_dir: recipe.output_dir, ...result };
  } finally {
    policy.close();
  }
}

function summary(recipe: TrainRecipe, result: TrainResult, again: string): string {
  const done = `${
    result.finished ? "Finished" : "Stopped"
  } after step ${result.step} of ${recipe.train.max_steps}.`;
  const lines = [
    done,
    `  run         ${recipe.output_dir}  (recipe.toml, metrics.jsonl, rollouts/, checkpoints/)`,
    `  checkpoint  ${result.checkpoint}`,
  ];
  if (result.best !== null) lines.push(`  best        step ${result.best} by ${recipe.checkpoint.best_by}`);
  lines.push(
    result.finished ? `Next: npm run -s evaluate -- --model ${result.checkpoint}` : `Go on with: ${again}`,
  );
  return lines.join("\n");
}
