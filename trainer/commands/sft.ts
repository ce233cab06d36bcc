// sft: supervised fine-tuning by a recipe, such as the cold start that GHPO begins with.

import { mkdirSync } from "node:fs";
import { SftRecipeSchema } from "#shared/schemas/recipe.ts";
import { trainingProblems } from "../data.ts";
import { openEngine } from "../engine.ts";
import { formatRecipe, loadRecipe, type Override } from "../recipe.ts";
import { totalSteps, tune } from "../sft.ts";
import { Status } from "../status.ts";
import { commandLine, evaluationOf, type RunOptions, stopSignal } from "./prepare.ts";

export async function sftCommand(
  file: string,
  options: RunOptions & { export?: string },
  overrides: readonly Override[],
): Promise<void> {
  const recipe = loadRecipe(SftRecipeSchema, file, overrides);
  if (options.dryRun) {
    console.log(options.json ? JSON.stringify(recipe) : formatRecipe(recipe).trimEnd());
    return;
  }
  const problems = recipe.data.path === null ? null : await trainingProblems(recipe);
  const policy = await openEngine({
    model: recipe.model,
    ...(recipe.sft.from_scratch && { randomSeed: recipe.seed }),
    learner: { micro_batch_tokens: recipe.sft.micro_batch_tokens, temperature: 1 },
    optimizer: recipe.optimizer,
    reference: false,
    variants: recipe.variants,
  });
  const status = new Status({ total: totalSteps(recipe), quiet: options.quiet ?? false });
  try {
    const [eosId] = policy.model.config.eos_token_ids;
    if (eosId === undefined) {
      throw new TypeError(`Cannot fine-tune ${recipe.model} as its config.json names no eos_token_id`);
    }
    const max_tokens = policy.model.config.max_position_embeddings - recipe.prompt.max_prompt_length;
    const result = await tune({
      recipe,
      policy,
      tokenizer: policy.tokenizer,
      eosId,
      problems,
      evaluation: evaluationOf(recipe, policy, { preset: "strict", max_tokens }),
      resume: options.resume ?? false,
      status,
      stop: stopSignal(() => status.log("Stopping after this step; Ctrl-C again ends at once")),
    });
    if (options.export !== undefined && result.finished) {
      mkdirSync(options.export, { recursive: true });
      await policy.saveModel(options.export);
    }
    if (!result.finished) process.exitCode = 130;
    if (options.json) {
      console.log(JSON.stringify({ output_dir: recipe.output_dir, ...result }));
      return;
    }
    const again = commandLine("sft", file, [
      ...overrides.flatMap(([key, value]) => [`--${key}`, value]),
      "--resume",
    ]);
    const next = `npm run -s evaluate -- --model ${options.export ?? result.checkpoint}`;
    console.log(
      `${result.finished ? "Finished" : "Stopped"} after step ${result.step} of ${totalSteps(recipe)}.
  run         ${recipe.output_dir}
  checkpoint  ${options.export ?? result.checkpoint}
${result.finished ? `Next: ${next}` : `Go on with: ${again}`}`,
    );
  } finally {
    policy.close();
  }
}
