// What a run is computed from besides its recipe: data, base model, adapter and reward modules, as digests. Checkpoints
// keep them, so that a run is not continued on something else without a word.

import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, extname } from "node:path";
import { fileEntry, sha256 } from "#shared/io/hash.ts";
import type { Problem } from "#shared/schemas/problem.ts";

/** Digests by name: "data", "model", "adapter", and reward modules as the recipe spells them. */
export type Inputs = Record<string, string>;

interface Named {
  model: string;
  reward?: { functions: readonly string[] };
  lora?: { adapter: string | null } | null;
}

/** Files of a model directory that decide what it computes and how texts become tokens. */
const MODEL_FILES =
  /^(model.*\.(safetensors|json)|.*\.gguf|config\.json|generation_config\.json|tokenizer.*\.json|special_tokens_map\.json|chat_template\.jinja)$/;
const ADAPTER_FILES = /^adapter_(model\.safetensors|config\.json)$/;

/** @param problems those that are trained on; null where they are generated as they are needed */
export function inputsOf(recipe: Named, problems: readonly Problem[] | null): Inputs {
  const inputs: Inputs = {};
  if (problems !== null) inputs["data"] = sha256(JSON.stringify(problems));
  add(inputs, "model", recipe.model, MODEL_FILES);
  if (recipe.lora?.adapter) add(inputs, "adapter", recipe.lora.adapter, ADAPTER_FILES);
  for (const path of recipe.reward?.functions ?? []) {
    if (extname(path) !== "" && existsSync(path)) {
      inputs[path] = fileEntry(dirname(path), basename(path)).sha256;
    }
  }
  return inputs;
}

/** One digest of the files of a directory whose names match; none where there is no such file. */
function add(inputs: Inputs, name: string, directory: string, files: RegExp): void {
  const own = existsSync(directory) ? readdirSync(directory).filter((file) => files.test(file)).sort() : [];
  if (own.length === 0) return;
  inputs[name] = sha256(own.map((file) => `${file} ${fileEntry(directory, file).sha256}\n`).join(""));
}

/**
 * Compares what a checkpoint was made from with what is there now.
 * @param accepted names of inputs that may have changed
 * @returns a sentence for each change that was accepted
 * @throws Error that names the first that was not; TypeError for a name that is none
 */
export function compareInputs(
  stored: Inputs,
  current: Inputs,
  accepted: readonly string[],
  directory: string,
): string[] {
  const names = [...new Set([...Object.keys(stored), ...Object.keys(current)])];
  const unknown = accepted.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot accept a change of ${unknown} as the inputs of this run are ${names.join(", ")}`,
    );
  }
  const changed = names.filter((name) => name in stored && stored[name] !== current[name]);
  const refused = changed.find((name) => !accepted.includes(name));
  if (refused !== undefined) {
    throw new Error(
      `Cannot resume from ${directory} as its input ${refused} has changed: SHA-256 was ${
        stored[refused]
      }, is ${current[refused] ?? "that of nothing"}; restore it, or add --accept-changes ${
        [...new Set([...accepted, refused])].join(",")
      }`,
    );
  }
  return changed.map((name) => `the input ${name} has changed since ${directory}, which was accepted`);
}
