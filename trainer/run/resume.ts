// Where a run starts: at its beginning, or at its newest checkpoint. A resumed run must give the same numbers as an
// uninterrupted one, so recipe, inputs, adapter and kernel choice must be those of the checkpoint; what may differ is in
// resumable_settings.ts, and changed inputs may be accepted by name.

import { parse as parseToml } from "smol-toml";
import { sha256 } from "#shared/io/hash.ts";
import { parse } from "#shared/schemas/parse.ts";
import { SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import { type LoopState, readNewest, recoverCheckpoints } from "./checkpoint.ts";
import type { StoredPolicy } from "../learner/policy.ts";
import type { BatchSource } from "../loop/batch_source.ts";
import { compareInputs, type Inputs } from "./inputs.ts";
import { changedSettings, LENGTHS, withoutResumableSettings } from "./resumable_settings.ts";
import { formatRecipe } from "./recipe.ts";
import type { RunDirectory } from "./directory.ts";
import { TrainRecipeSchema } from "./train_recipe.ts";

export interface RunState {
  /** Optimizer steps done. */
  step: number;
  generatedTokens: number;
  /** Seconds spent in earlier parts of the run. */
  elapsed: number;
  /** Directory of the last checkpoint; "" before the first. */
  checkpoint: string;
  state: LoopState;
  /** When the run was begun, ISO 8601: what chat templates take for now. */
  begun: string;
  /** What differs from the checkpoint, and may. */
  notes: string[];
}

/** @param source the state of the source of batches before the first step */
export function freshRun(source: unknown, begun: string, notes: string[] = []): RunState {
  const state: LoopState = { cursor: 0, source, num_tokens: 0, best: null };
  return { step: 0, generatedTokens: 0, elapsed: 0, checkpoint: "", state, begun, notes };
}

/**
 * Goes back to the newest checkpoint, or to the beginning when a run was stopped before its first one.
 * @param accepted names of inputs that may have changed
 */
export async function resumeRun(
  run: RunDirectory,
  recipe: Record<string, unknown>,
  source: Pick<BatchSource, "kind" | "begin" | "restore" | "schema">,
  policy: StoredPolicy,
  inputs: Inputs,
  accepted: readonly string[] = [],
): Promise<RunState> {
  const { kind } = source;
  const stored = parseToml(run.readRecipe());
  // A setting that this version has and the one that began the run had not is at its default in both.
  const schema = source.schema ?? (kind === "train" ? TrainRecipeSchema : SftRecipeSchema);
  const completed = parse(schema, stored, `the recipe of ${run.path}`);
  const changes = changedSettings(formatRecipe(completed), formatRecipe(recipe), run.path);
  const settings = changes.map(({ sentence }) => sentence);
  const keepSettings = () => {
    if (settings.length > 0) run.replaceRecipe(formatRecipe(recipe));
  };
  const begun = run.begun();
  recoverCheckpoints(run.checkpoints);
  const newest = readNewest(run.checkpoints);
  run.rewind(newest?.manifest.step ?? -1);
  if (newest === null) {
    keepSettings();
    return freshRun(source.begin(), begun, settings);
  }
  const { manifest, state, directory } = newest;
  const lengths = dropsLongPrompts(recipe) ? changes.filter(({ name }) => LENGTHS.includes(name)) : [];
  const causes: Inputs = lengths.length === 0 ? {} : {
    data: `${
      lengths.map(({ sentence }) => sentence).join(" and ")
    }, and data.on_long_prompt = "drop" leaves problems out by it`,
  };
  const changed = compareInputs(manifest.inputs, inputs, accepted, directory, causes);
  const digests = [recipeDigest(recipe), ...[recipe, stored].map(olderDigest), recipeDigest(stored)];
  const recipe_sha256 = digests.find((digest) => digest === manifest.recipe_sha256) ?? digests[0];
  const facts = { kind, recipe_sha256, ...policy.facts };
  for (const [name, current] of Object.entries(facts)) {
    const stored = manifest[name as keyof typeof facts];
    if (JSON.stringify(stored) === JSON.stringify(current)) continue;
    throw new Error(
      `Cannot resume from ${directory} as its ${name} is ${shown(stored)}: this run's is ${
        shown(current)
      }; ` +
        "start a new run with this checkpoint as its model instead",
    );
  }
  const restored = source.restore(state.source, `the state in ${directory}`);
  await policy.restore(directory);
  keepSettings();
  return {
    step: manifest.step,
    generatedTokens: manifest.generated_tokens,
    elapsed: manifest.elapsed_s,
    checkpoint: directory,
    state: { ...state, source: restored },
    begun,
    notes: [...settings, ...changed],
  };
}

function dropsLongPrompts({ data }: Record<string, unknown>): boolean {
  return Object(data)["on_long_prompt"] === "drop";
}

/** The digest leaves the output folder out, as a run may be moved, and whatever may differ on resume. */
export function recipeDigest(recipe: Record<string, unknown>): string {
  return olderDigest(withoutResumableSettings(recipe));
}

/** As earlier versions took it, with what may be changed. */
function olderDigest(recipe: Record<string, unknown>): string {
  return sha256(formatRecipe({ ...recipe, output_dir: null, alerts: null }));
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
