// Checkpoints of a run: a Hugging Face model directory with the optimizer's moments, the state of the loop and a
// manifest of digests. One is written under a temporary name, flushed to disk and then renamed, so that
// under its own name it is complete whenever the process dies; an older one is removed only after that.

import { messageOf } from "#shared/text/format.ts";
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import * as v from "valibot";
import { recoverDirectory, writeDirectoryAtomic, writeFileAtomic } from "#shared/io/atomic_write.ts";
import { fileError, makeDirectory, readJson, remove } from "#shared/io/files.ts";
import { checkFiles, fileEntry } from "#shared/io/hash.ts";
import { type CheckpointManifest, CheckpointManifestSchema } from "#shared/schemas/checkpoint.ts";
import { parse } from "#shared/schemas/parse.ts";
import { count } from "#shared/schemas/values.ts";
import type { StoredPolicy } from "../learner/policy.ts";

/** What the loop needs besides weights and moments; random numbers are functions of seed and step. */
const StateSchema = v.strictObject({
  /** Problems drawn so far. */
  cursor: count,
  /** What the source of batches remembers, in its own schema. */
  source: v.unknown(),
  /** Tokens that went through the model, prompts included. */
  num_tokens: count,
  best: v.nullable(v.strictObject({ step: count, value: v.number() })),
});
export type LoopState = v.InferOutput<typeof StateSchema>;

export type ManifestFacts = Omit<CheckpointManifest, "format_version" | "created_at" | "files">;

const MANIFEST = "manifest.json";
const STATE = "trainer_state.json";
const NAME = /^step_(\d{6,})$/;

export function checkpointName(step: number): string {
  return `step_${String(step).padStart(6, "0")}`;
}

/**
 * Writes a checkpoint. On any error, a full disk among them, the unfinished files are removed and all earlier
 * checkpoints are as before.
 *
 * @param root The run's checkpoint folder.
 * @returns The checkpoint's directory.
 */
export async function writeCheckpoint(
  root: string,
  facts: ManifestFacts,
  state: LoopState,
  policy: Pick<StoredPolicy, "saveModel" | "saveOptimizer">,
): Promise<string> {
  const directory = join(root, checkpointName(facts.step));
  const last = listCheckpoints(root).at(-1);
  try {
    makeDirectory(root);
    await writeDirectoryAtomic(directory, async (temporary) => {
      await policy.saveModel(temporary);
      await policy.saveOptimizer(temporary);
      writeFileAtomic(join(temporary, STATE), JSON.stringify(state));
      const files = filesBelow(temporary).map((path) => fileEntry(temporary, path));
      const manifest = { format_version: 1, created_at: new Date().toISOString(), ...facts, files };
      writeFileAtomic(join(temporary, MANIFEST), JSON.stringify(manifest, null, 2) + "\n");
    });
    return directory;
  } catch (cause) {
    const kept = last === undefined
      ? "there is no earlier checkpoint"
      : `${checkpointName(last)} is the last checkpoint`;
    throw new Error(`${messageOf(cause)}; ${kept}`, { cause });
  }
}

/** Paths relative to the directory, sorted, those of its folders too. */
function filesBelow(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name))).sort();
}

/** The steps of all complete checkpoints of a run, oldest first. */
export function listCheckpoints(root: string): number[] {
  if (!existsSync(root)) return [];
  const steps = namesIn(root).map((name) => NAME.exec(name)?.[1]).filter((step) => step !== undefined);
  return steps.map(Number).filter((step) => existsSync(join(root, checkpointName(step), MANIFEST)))
    .sort((a, b) => a - b);
}

/** Removes what a killed run left half-written. */
export function recoverCheckpoints(root: string): void {
  if (!existsSync(root)) return;
  for (const name of readdirSync(root)) {
    const base = /^(.*)\.(tmp|old)$/.exec(name)?.[1];
    if (base !== undefined) recoverDirectory(join(root, base));
  }
}

/**
 * Removes all but the newest `keep` checkpoints and the best one; 0 keeps all. The loops call it after an update that
 * was not left out, before the next checkpoint: that update shows that the weights of the newest one still compute, so
 * broken weights never displace the last good ones. Those of the last step, which no update follows, are assumed to be
 * sound.
 */
export function pruneCheckpoints(root: string, keep: number, best: number | null): void {
  if (keep === 0) return;
  for (const step of listCheckpoints(root).slice(0, -keep)) {
    if (step !== best) remove(join(root, checkpointName(step)));
  }
}

/**
 * Reads a checkpoint's manifest and state after comparing every file with its digest.
 * @throws Error that names the first file that is missing or was changed.
 */
export function readCheckpoint(directory: string): { manifest: CheckpointManifest; state: LoopState } {
  const path = join(directory, MANIFEST);
  if (!existsSync(path)) throw new Error(`Cannot resume from ${directory} as it has no ${MANIFEST}`);
  const manifest = parse(CheckpointManifestSchema, readJson(path), path);
  checkFiles(directory, manifest.files);
  const statePath = join(directory, STATE);
  return { manifest, state: parse(StateSchema, withSource(readJson(statePath)), statePath) };
}

/** Earlier versions kept the memory of every strategy side by side, outside `source`. */
function withSource(stored: unknown): unknown {
  if (typeof stored !== "object" || stored === null || !("stage_memory" in stored)) return stored;
  const { stage_memory, hint_ratio, ...rest } = stored as Record<string, unknown>;
  return { ...rest, source: { stage_memory, hint_ratio } };
}

/** The newest checkpoint of a run, or null. Damage is an error that offers the one before it. */
export function readNewest(root: string) {
  const steps = listCheckpoints(root);
  const step = steps.at(-1);
  if (step === undefined) return null;
  const directory = join(root, checkpointName(step));
  try {
    return { directory, ...readCheckpoint(directory) };
  } catch (cause) {
    const before = steps.at(-2);
    const offer = before === undefined ? "" : `; remove that folder to resume from ${checkpointName(before)}`;
    throw new Error(`${messageOf(cause)}${offer}`, { cause });
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    throw fileError("read", folder, cause);
  }
}
