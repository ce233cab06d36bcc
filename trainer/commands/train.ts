// train: reinforcement learning by a recipe.

import { hostname } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { makeDirectory } from "#shared/io/files.ts";
import { contextOf } from "#shared/engine/model/context.ts";
import { loadConfig } from "#shared/engine/model/load.ts";
import type { EnginePolicy } from "../learner/gpu_policy.ts";
import { openEngine } from "../learner/open_engine.ts";
import { recordedKernels } from "../run/kernel_choice.ts";
import { recipeToRun } from "../run/recipe_to_run.ts";
import type { Override } from "../run/flags.ts";
import { withDevice } from "../learner/recovery.ts";
import { loadRewards } from "../loop/rewards.ts";
import { Status } from "../run/progress.ts";
import { STRATEGIES } from "../ghpo/strategies/index.ts";
import type { CustomParts, Listeners } from "../library/custom_parts.ts";
import { chooseSource } from "../loop/choose_source.ts";
import { runLoop, type TrainResult } from "../loop/train.ts";
import { checkShards } from "../team/shards.ts";
import { SOLO } from "../team/team.ts";
import { promptLimit } from "../preflight/requirements.ts";
import { checkedProblems, dryRun, type LeftOut, leftOut } from "./checked_problems.ts";
import { sha256 } from "#shared/io/hash.ts";
import { RemoteSampler, totalCounts } from "../fleet/remote_sampler.ts";
import { evaluationProblems } from "../loop/data.ts";
import { writeHeldOut } from "../run/held_out.ts";
import { planOf, printPlan } from "./print_plan.ts";
import type { RankOptions } from "./plan_ranks.ts";
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
import { type TrainRecipe, TrainRecipeSchema } from "../run/train_recipe.ts";

export interface TrainOptions extends RunOptions {
  dashboard?: boolean;
  /** Server at which workers wait for requests to sample. */
  samplers?: string;
  /** Seconds without an answer after which they are done without. */
  samplerPatience?: string;
}

/** Seconds without any answer after which the learner samples itself, by default. */
const SAMPLER_PATIENCE_S = 120;

export async function trainCommand(
  file: string,
  options: TrainOptions & RankOptions & { plan?: boolean; planGib?: string },
  overrides: readonly Override[],
): Promise<void> {
  const read = () => recipeToRun(TrainRecipeSchema, "train", file, options.resume ?? false, overrides);
  if (options.plan || options.planGib !== undefined) {
    const recipe = read();
    await printPlan(planOf(recipe, loadConfig(recipe.model)), recipe.train.shards, options);
    return;
  }
  if (options.dryRun) {
    await dryRun(read(), options);
    return;
  }
  await withTeam(options, read, async (recipe, team) => {
    const result = await runTraining(recipe, { ...options, team });
    if (!result.finished) process.exitCode = 130;
    if (!team.first) return;
    const heldOut = writeHeldOut(recipe, (await evaluationProblems(recipe)).setApart, askedBy(recipe));
    const again = continueWith("train", file, overrides, team);
    console.log(options.json ? JSON.stringify(result) : summary(recipe, result, heldOut, again));
  });
}

/** Runs a recipe from start to end; a generated-token budget ends it early. Without `stop` it listens for Ctrl-C itself. */
export async function runTraining(
  recipe: TrainRecipe,
  options: TrainOptions & CustomParts & Listeners & {
    tokenBudget?: number;
    stop?: AbortSignal;
    /** Of the recipe, where it knows own strategies. */
    schema?: typeof TrainRecipeSchema;
  },
): Promise<TrainResult & { output_dir: string } & LeftOut> {
  // Everything that can be wrong with the recipe comes before the GPU.
  const { team = SOLO } = options;
  checkShards(team.size, recipe.train.shards, "train.shards");
  const status = new Status({
    total: recipe.train.max_steps,
    quiet: !team.first || (options.quiet ?? false),
  });
  const accept = options.force === true || isResumed(recipe.output_dir, options);
  const { problems, ...left } = await checkedProblems(recipe, status, accept, options);
  const rewards = await loadRewards(recipe, options.rewards);
  const stop = options.stop ?? stopSignal(() => status.log(STOPPING));
  noteFresh(recipe.output_dir, options, status);
  const open = () =>
    openEngine({
      model: recipe.model,
      learner: {
        micro_batch_tokens: recipe.train.micro_batch_tokens,
        gradient_checkpointing: recipe.train.gradient_checkpointing,
        activations_dtype: recipe.train.activations_dtype,
        temperature: recipe.generation.temperature,
      },
      optimizer: recipe.optimizer,
      reference: recipe.loss.beta > 0,
      weights_dtype: recipe.train.weights_dtype,
      rows: recipe.generation.rows,
      variants: recipe.variants,
      kernels: recordedKernels(recipe.output_dir),
      team,
      ...(recipe.lora && { lora: { ...recipe.lora, seed: recipe.seed }, save: recipe.checkpoint }),
      plan: planOf(recipe, loadConfig(recipe.model)),
    });
  const run = async (policy: EnginePolicy, resume: boolean) => {
    const { config } = policy.model;
    await using remote = await remoteSampler(recipe, policy, options, (line) => status.log(line));
    const rollouts = {
      recipe,
      problems,
      rewards,
      tokenizer: policy.tokenizer,
      sampler: remote?.sampler ?? policy,
      learner: policy,
      eosIds: config.eos_token_ids,
      promptBudget: promptLimit(recipe, contextOf(config)).tokens,
      team,
    };
    const result = await runLoop({
      recipe,
      policy,
      source: {
        ...chooseSource(rollouts, [...STRATEGIES, ...options.strategies ?? []]),
        schema: options.schema ?? TrainRecipeSchema,
      },
      listeners: options,
      team,
      ...(remote && { meters: () => totalCounts(team, remote.sampler) }),
      evaluation: await evaluationOf(recipe, policy, askedBy(recipe)),
      resume,
      acceptChanges: options.acceptChanges?.split(",") ?? [],
      status,
      stop,
      ...(options.tokenBudget !== undefined && { tokenBudget: options.tokenBudget }),
    });
    return { output_dir: recipe.output_dir, ...left, ...result };
  };
  const dashboard = options.dashboard && team.first ? startDashboard(recipe.output_dir) : null;
  try {
    return await withDevice(open, together(team, run), {
      resume: options.resume ?? false,
      onLost: ({ message }) => status.log(`${message}; ${RESUMING}`),
    });
  } finally {
    dashboard?.kill();
  }
}

/** How the loop evaluates: as it samples. */
function askedBy(
  { reward: { preset }, generation: { max_completion_length: max_tokens, stop } }: TrainRecipe,
) {
  return { preset, max_tokens, stop };
}

/** Workers to sample on, where --samplers names their server. */
async function remoteSampler(
  recipe: TrainRecipe,
  policy: EnginePolicy,
  { samplers, samplerPatience, team = SOLO }: TrainOptions,
  log: (line: string) => void,
): Promise<{ sampler: RemoteSampler; [Symbol.asyncDispose](): Promise<void> } | null> {
  if (samplers === undefined) return null;
  const patience = Number(samplerPatience ?? SAMPLER_PATIENCE_S);
  if (!(patience > 0)) {
    throw new RangeError(
      `Cannot wait for workers as --sampler-patience must be a number of seconds: current value is ${samplerPatience}`,
    );
  }
  const settings = {
    run: sha256(`${hostname()} ${resolve(recipe.output_dir)}`).slice(0, 16),
    vocabulary: policy.model.config.vocab_size,
    micro_batch_tokens: recipe.train.micro_batch_tokens,
    patience,
    tokenizer: recipe.model,
  };
  const sampler = await RemoteSampler.open(samplers, policy, settings, log, process.env, team.first);
  return { sampler, [Symbol.asyncDispose]: () => sampler.close() };
}

/** The dashboard in a process of its own, so that nothing it does delays a step. */
function startDashboard(run: string): Bun.Subprocess {
  makeDirectory(run);
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  return Bun.spawn([process.execPath, main, "dashboard", run], {
    stdout: process.stderr.fd,
    stderr: "inherit",
  });
}

function summary(
  recipe: TrainRecipe,
  result: TrainResult & LeftOut,
  heldOut: string | null,
  again: string,
): string {
  const done = `${
    result.finished ? "Finished" : "Stopped"
  } after step ${result.step} of ${recipe.train.max_steps}.`;
  const lines = [
    done,
    `  run         ${recipe.output_dir}  (recipe.toml, metrics.jsonl, rollouts/, checkpoints/)`,
    `  checkpoint  ${result.checkpoint}`,
    ...leftOut(recipe, result),
  ];
  lines.push(...alertLines(result.alerts));
  if (result.best !== null) lines.push(`  best        step ${result.best} by ${recipe.checkpoint.best_by}`);
  const next = recipe.checkpoint.adapter_only
    ? `npm run -s ghpo -- merge --model ${recipe.model} --adapter ${result.checkpoint}/adapter --out DIR`
    : `npm run -s evaluate -- --model ${result.checkpoint}${
      heldOut === null ? "" : ` --benchmarks ${heldOut}`
    }`;
  lines.push(
    result.finished ? `Next: ${next}` : `Continue with: ${again}`,
    `Look at it: npm run -s ghpo -- dashboard ${recipe.output_dir}`,
  );
  return lines.join("\n");
}
