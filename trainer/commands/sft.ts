// sft: supervised fine-tuning by a recipe, such as the cold start that GHPO begins with.

import { makeDirectory } from "#shared/io/files.ts";
import { type SftRecipe, SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import { loadConfig } from "#shared/engine/model/load.ts";
import type { ModelConfig } from "#shared/engine/model/config.ts";
import { contextOf } from "#shared/engine/model/context.ts";
import type { EnginePolicy } from "../learner/gpu_policy.ts";
import { openEngine } from "../learner/open_engine.ts";
import { recordedKernels } from "../run/kernel_choice.ts";
import { recipeToRun } from "../run/recipe_to_run.ts";
import type { Override } from "../run/flags.ts";
import { writeHeldOut } from "../run/held_out.ts";
import { withDevice } from "../learner/recovery.ts";
import { evaluationProblems } from "../loop/data.ts";
import { sftSource, totalSteps } from "../loop/sft_source.ts";
import type { Listeners } from "../library/custom_parts.ts";
import { Status } from "../run/progress.ts";
import { runLoop, type TrainResult } from "../loop/train.ts";
import { checkShards } from "../team/shards.ts";
import { SOLO } from "../team/team.ts";
import { checkedProblems, dryRun, type LeftOut, leftOut } from "./checked_problems.ts";
import { planOfSft, printPlan } from "./print_plan.ts";
import {
  alertLines,
  continueWith,
  evaluationOf,
  isResumed,
  noteFresh,
  RESUMING,
  type RunOptions,
  STOPPING,
  stopSignal,
  together,
  withTeam,
} from "./prepare.ts";

export interface SftOptions extends RunOptions {
  plan?: boolean;
  planGib?: string;
  export?: string;
  stop?: AbortSignal;
}

export async function sftCommand(
  file: string,
  options: SftOptions,
  overrides: readonly Override[],
): Promise<void> {
  const read = () => recipeToRun(SftRecipeSchema, "sft", file, options.resume ?? false, overrides);
  if (options.plan || options.planGib !== undefined) {
    const recipe = read();
    await printPlan(planOfSft(recipe, loadConfig(recipe.model)), recipe.sft.shards, options);
    return;
  }
  if (options.dryRun) {
    await dryRun(read(), options);
    return;
  }
  await withTeam(options, read, async (recipe, team) => {
    const result = await runSft(recipe, { ...options, team });
    if (!result.finished) process.exitCode = 130;
    if (!team.first) return;
    const { setApart } = await evaluationProblems(recipe);
    const heldOut = writeHeldOut(recipe, setApart, askedBy(recipe, loadConfig(recipe.model)));
    const again = continueWith("sft", file, overrides, team);
    console.log(
      options.json ? JSON.stringify(result) : summary(recipe, result, options.export, heldOut, again),
    );
  });
}

/** Runs a recipe from start to end and writes the model where `export` says. */
export async function runSft(
  recipe: SftRecipe,
  options: SftOptions & Listeners,
): Promise<TrainResult & { output_dir: string } & LeftOut> {
  const { team = SOLO } = options;
  checkShards(team.size, recipe.sft.shards, "sft.shards");
  const status = new Status({ total: totalSteps(recipe), quiet: !team.first || (options.quiet ?? false) });
  const accept = options.force === true || isResumed(recipe.output_dir, options);
  const { problems, ...left } = await checkedProblems(recipe, status, accept);
  const stop = options.stop ?? stopSignal(() => status.log(STOPPING));
  noteFresh(recipe.output_dir, options, status);
  const open = () =>
    openEngine({
      model: recipe.model,
      ...(recipe.sft.from_scratch && { randomSeed: recipe.seed }),
      learner: {
        micro_batch_tokens: recipe.sft.micro_batch_tokens,
        gradient_checkpointing: recipe.sft.gradient_checkpointing,
        activations_dtype: recipe.sft.activations_dtype,
        temperature: 1,
      },
      optimizer: recipe.optimizer,
      reference: false,
      variants: recipe.variants,
      kernels: recordedKernels(recipe.output_dir),
      team,
      plan: planOfSft(recipe, loadConfig(recipe.model)),
    });
  const run = async (policy: EnginePolicy, resume: boolean) => {
    const { config } = policy.model;
    const [eosId] = config.eos_token_ids;
    if (eosId === undefined) {
      throw new TypeError(`Cannot fine-tune ${recipe.model} as its config.json names no eos_token_id`);
    }
    const result = await runLoop({
      recipe,
      policy,
      source: sftSource({
        recipe,
        tokenizer: policy.tokenizer,
        eosId,
        context: contextOf(config),
        problems: recipe.data.families.length > 0 ? null : problems, // generated ones are made as they are needed
      }),
      listeners: options,
      evaluation: await evaluationOf(recipe, policy, askedBy(recipe, config)),
      resume,
      acceptChanges: options.acceptChanges?.split(",") ?? [],
      status,
      stop,
      team,
    });
    if (options.export !== undefined && result.finished && team.first) {
      makeDirectory(options.export);
      await policy.saveModel(options.export);
    }
    return { output_dir: recipe.output_dir, ...left, ...result };
  };
  return await withDevice(open, together(team, run), {
    resume: options.resume ?? false,
    onLost: ({ message }) => status.log(`${message}; ${RESUMING}`),
  });
}

/** How the loop evaluates: up to the model's context. */
function askedBy({ prompt }: SftRecipe, config: ModelConfig) {
  return { preset: "strict", max_tokens: contextOf(config).tokens - prompt.max_prompt_length };
}

function summary(
  recipe: SftRecipe,
  result: TrainResult & LeftOut,
  exported: string | undefined,
  heldOut: string | null,
  again: string,
): string {
  const { finished, step, checkpoint } = result;
  const model = finished && exported !== undefined ? exported : checkpoint;
  return [
    `${finished ? "Finished" : "Stopped"} after step ${step} of ${totalSteps(recipe)}.`,
    `  run         ${recipe.output_dir}  (recipe.toml, metrics.jsonl, checkpoints/)`,
    `  checkpoint  ${model}`,
    ...leftOut(recipe, result),
    ...alertLines(result.alerts),
    finished
      ? `Next: npm run -s evaluate -- --model ${model}${heldOut === null ? "" : ` --benchmarks ${heldOut}`}`
      : `Continue with: ${again}`,
  ].join("\n");
}
