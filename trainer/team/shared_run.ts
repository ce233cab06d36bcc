// What a loop does once for all its ranks: rank 0 takes the lock, goes back to the newest checkpoint and writes new
// ones; the others read and compare.

import { sha256 } from "#shared/io/hash.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { StoredPolicy } from "../learner/policy.ts";
import type { BatchSource } from "../loop/batch_source.ts";
import { type LoopState, type ManifestFacts, writeCheckpoint } from "../run/checkpoint.ts";
import type { Inputs } from "../run/inputs.ts";
import type { RunDirectory } from "../run/directory.ts";
import { lockRun } from "../run/lock.ts";
import { skippedIn, UpdateGuard } from "../run/nonfinite.ts";
import { formatRecipe } from "../run/recipe.ts";
import { freshRun, resumeRun, type RunState } from "../run/resume.ts";
import { requireSame, type Team } from "./team.ts";

/** What ranks must have in common besides the recipe. */
export function rankFacts({ facts }: StoredPolicy, problems: readonly Problem[]): Record<string, unknown> {
  return {
    "the adapter": facts.adapter,
    "the choice of kernels": facts.kernel_variants,
    "the model type": facts.model_type,
    "the digest of the training problems": sha256(JSON.stringify(problems)),
  };
}

/**
 * Starts a run or continues it; an empty folder holds nothing to continue.
 * @param accepted names of inputs that may have changed since the checkpoint
 * @param lock is disposed of at the end of the run
 */
export async function beginRun(
  team: Team,
  run: RunDirectory,
  recipe: Record<string, unknown>,
  source: Pick<BatchSource, "kind" | "begin" | "restore">,
  policy: StoredPolicy,
  resume: boolean,
  inputs: Inputs,
  accepted: readonly string[],
  lock: DisposableStack,
): Promise<RunState> {
  const progress = await team.fromFirst("the start of the run", async () => {
    // A job that a scheduler puts back into its queue says --resume from the first time on.
    const goOn = resume && !run.isEmpty();
    if (goOn) run.readRecipe(); // fails before anything is made
    lock.use(lockRun(run.path));
    if (goOn) return await resumeRun(run, recipe, source, policy, inputs, accepted);
    run.start(formatRecipe(recipe));
    return freshRun(source.begin(), run.begun());
  });
  if (!team.first && progress.checkpoint !== "") await policy.restore(progress.checkpoint);
  await requireSame(team, async () => ({ "the digest of the weights": await policy.digest() }));
  return progress;
}

export async function guardOf(team: Team, run: RunDirectory): Promise<UpdateGuard> {
  const skipped = await team.fromFirst("the updates left out", () => skippedIn(run.readMetrics()));
  return new UpdateGuard(run.path, skipped, team.first);
}

/** Writes a checkpoint of weights that all ranks have. Returns its directory. */
export async function saveTogether(
  team: Team,
  run: RunDirectory,
  facts: ManifestFacts,
  state: LoopState,
  policy: StoredPolicy,
): Promise<string> {
  await requireSame(team, async () => ({ "the digest of the weights": await policy.digest() }));
  return await team.fromFirst(
    "the checkpoint",
    () => writeCheckpoint(run.checkpoints, facts, state, policy),
  );
}
