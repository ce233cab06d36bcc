// What train and sft do alike: open the engine for a recipe, make the evaluation in the loop, listen for Ctrl-C.

import type { Alert } from "#shared/schemas/alerts.ts";
import type { SftRecipe } from "#shared/schemas/recipe/sft.ts";
import { type PresetName, presets } from "#shared/verify/mod.ts";
import { evaluationProblems } from "../loop/data.ts";
import type { EnginePolicy } from "../learner/gpu_policy.ts";
import type { EvalSetting } from "../loop/eval_metrics.ts";
import { commandLine } from "../run/command_line.ts";
import type { Override } from "../run/flags.ts";
import { RunDirectory } from "../run/directory.ts";
import type { Status } from "../run/progress.ts";
import { settingsOf } from "../run/recipe.ts";
import { DEADLINE_S, inTeam } from "../team/join.ts";
import { requireSame, type Team } from "../team/team.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

const SHOWN_ALERTS = 5;

export interface RunOptions {
  /** Ranks that one would like to start: npm does, this process is one already. */
  ranks?: string;
  /** Seconds that a rank waits for others. */
  deadline?: string;
  /** The ranks that train together; alone unless given. */
  team?: Team;
  resume?: boolean;
  /** Names of inputs, separated by commas, that may have changed since the checkpoint. */
  acceptChanges?: string;
  dryRun?: boolean;
  json?: boolean;
  quiet?: boolean;
  /** Train although the pre-flight finds the run vain. */
  force?: boolean;
}

/** Whether a run is resumed: there is one, and --resume was given. */
export function isResumed(output: string, { resume }: RunOptions): boolean {
  return resume === true && !new RunDirectory(output).isEmpty();
}

/** Says so where --resume finds nothing to continue. */
export function noteFresh(output: string, { resume }: RunOptions, status: Status): void {
  if (resume && new RunDirectory(output).isEmpty()) {
    status.log(`${output} holds nothing yet: starting a new run`);
  }
}

/** The line to type that continues a run: the same settings and ranks. */
export function continueWith(
  verb: string,
  file: string,
  overrides: readonly Override[],
  { size }: Team,
): string {
  return commandLine(verb, file, [
    ...overrides.flatMap(([key, value]) => [`--${key}`, value]),
    ...(size > 1 ? ["--ranks", String(size)] : []),
    "--resume",
  ]);
}

/** The lines of a summary that repeat the alerts: a run may have scrolled past them. */
export function alertLines(alerts: readonly Alert[]): string[] {
  const shown = alerts.slice(-SHOWN_ALERTS).map(({ rule, step, message }) =>
    `  alert       ${rule} at step ${step}: ${message}`
  );
  const more = alerts.length - shown.length;
  return more === 0 ? shown : [`  alerts      ${more} earlier ones in alerts.jsonl`, ...shown];
}

/** The evaluation that a recipe asks for, or null. */
export async function evaluationOf(
  recipe: Pick<TrainRecipe | SftRecipe, "data" | "eval" | "prompt" | "seed">,
  policy: EnginePolicy,
  o: { preset: string; max_tokens: number; stop?: readonly string[] },
): Promise<EvalSetting | null> {
  if (recipe.eval.eval_every === 0) return null;
  const { generated, setApart, file } = await evaluationProblems(recipe);
  const problems = [...generated, ...setApart, ...file];
  if (problems.length === 0) return null;
  const { num_samples, temperature } = recipe.eval;
  return {
    sampler: policy,
    tokenizer: policy.tokenizer,
    problems,
    num_samples,
    temperature,
    prompt: recipe.prompt,
    preset: o.preset in presets ? o.preset as PresetName : "strict",
    max_tokens: o.max_tokens,
    stop: o.stop ?? [],
    eosIds: policy.model.config.eos_token_ids,
  };
}

/**
 * Runs a training command alone or as one rank, all with the same recipe.
 * @param read reads the recipe: where that fails on one rank, all are told
 */
export async function withTeam<R extends Record<string, unknown>>(
  options: RunOptions,
  read: () => R,
  work: (recipe: R, team: Team) => Promise<void>,
): Promise<void> {
  if (options.ranks !== undefined) {
    throw new Error(
      "Cannot start ranks from this process: use npm run -s ghpo -- with --ranks, or mpirun or srun without it",
    );
  }
  const deadline = Number(options.deadline ?? DEADLINE_S);
  if (!(deadline > 0)) {
    throw new RangeError(
      `Cannot wait for ranks as --deadline must be a number of seconds: current value is ${options.deadline}`,
    );
  }
  await inTeam(deadline, async (team) => {
    const recipe = read();
    await requireSame(team, () => settingsOf(recipe));
    await work(recipe, team);
  });
}

/** Runs a policy for all ranks: what one of them throws, a lost device perhaps, all throw. */
export function together<P, R>(team: Team, run: (policy: P, resume: boolean) => Promise<R>): typeof run {
  return async (policy, resume) => {
    try {
      return await run(policy, resume);
    } catch (error) {
      throw await team.agree(error);
    }
  };
}

/** What a loop says when it was told to stop. */
export const STOPPING = "Stopping after this step; press Ctrl-C again to stop immediately";
/** And when its device was lost. */
export const RESUMING = "resuming from the last checkpoint on a new device";

/**
 * Aborted by the first Ctrl-C; a later one ends the process at once. One key press or `timeout` may deliver the
 * signal twice, to the whole process group and through npm, so within a second both count as one. SIGUSR1, which Slurm
 * sends before a job's time is up, aborts it too.
 */
export function stopSignal(onStop: () => void): AbortSignal {
  const controller = new AbortController();
  let first: number | undefined;
  for (const signal of ["SIGINT", "SIGTERM", "SIGUSR1"] as const) {
    process.on(signal, () => {
      if (first === undefined) {
        first = performance.now();
        controller.abort();
        onStop();
      } else if (signal !== "SIGUSR1" && performance.now() - first > 1000) {
        process.exit(signal === "SIGINT" ? 130 : 143);
      }
    });
  }
  return controller.signal;
}
