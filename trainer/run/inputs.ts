// What a run is computed from besides its recipe: problems, base model, adapter and reward modules, as digests. Checkpoints
// keep them, so that a run is never silently continued on something else.

import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, extname, relative, resolve } from "node:path";
import { ggufOf } from "#shared/io/gguf.ts";
import { readText } from "#shared/io/files.ts";
import { fileEntry, sha256 } from "#shared/io/hash.ts";
import type { Problem } from "#shared/schemas/problem.ts";

/**
 * Digests by name: "data", "evaluation", "model", "adapter", reward modules as the recipe spells them, and the files that those import
 * by a path.
 */
export type Inputs = Record<string, string>;

interface Named {
  model: string;
  reward?: { functions: readonly string[] };
  lora?: { adapter: string | null } | null;
}

/** Files of a model directory that decide what it computes and how texts become tokens. */
const MODEL_FILES =
  /^(model.*\.(safetensors|json)|.*\.gguf|config\.json|generation_config\.json|tokenizer.*\.json|special_tokens_map\.json|added_tokens\.json|chat_template\.jinja)$/;
const ADAPTER_FILES = /^adapter_(model\.safetensors|config\.json)$/;

/**
 * @param problems those that are trained on; null where they are generated as they are needed
 * @param evaluated those of the evaluation in the loop; null where there is none
 */
export function inputsOf(
  recipe: Named,
  problems: readonly Problem[] | null,
  evaluated: readonly Problem[] | null = null,
): Inputs {
  const inputs: Inputs = {};
  if (problems !== null) inputs["data"] = sha256(JSON.stringify(problems));
  if (evaluated !== null) inputs["evaluation"] = sha256(JSON.stringify(evaluated));
  add(inputs, "model", recipe.model, MODEL_FILES);
  if (recipe.lora?.adapter) add(inputs, "adapter", recipe.lora.adapter, ADAPTER_FILES);
  for (const path of recipe.reward?.functions ?? []) {
    if (extname(path) !== "" && existsSync(path)) {
      inputs[path] = digestOf(path);
      for (const file of importsOf(resolve(path))) inputs[relative(".", file)] ??= digestOf(file);
    }
  }
  return inputs;
}

const digestOf = (path: string) => fileEntry(dirname(path), basename(path)).sha256;

/** The files that a module imports by a path, and those that they import; packages are not among them. */
function importsOf(module: string, found = new Set<string>()): Set<string> {
  const loader =
    ({ ".js": "js", ".mjs": "js", ".jsx": "jsx", ".ts": "ts", ".mts": "ts", ".tsx": "tsx" } as const)[
      extname(module) as ".ts"
    ];
  if (loader === undefined) return found; // data, such as JSON
  for (const { path } of new Bun.Transpiler({ loader }).scanImports(readText(module))) {
    if (!/^\.{0,2}\//.test(path)) continue;
    const file = Bun.resolveSync(path, dirname(module));
    if (found.has(file)) continue;
    found.add(file);
    importsOf(file, found);
  }
  return found;
}

/** One digest of the files of a directory whose names match; none where there is no such file. */
function add(inputs: Inputs, name: string, directory: string, files: RegExp): void {
  if (ggufOf(directory) === directory) {
    inputs[name] = digestOf(directory);
    return;
  }
  const own = existsSync(directory) ? readdirSync(directory).filter((file) => files.test(file)).sort() : [];
  if (own.length === 0) return;
  inputs[name] = sha256(own.map((file) => `${file} ${fileEntry(directory, file).sha256}\n`).join(""));
}

/**
 * Compares what a checkpoint was made from with what is there now.
 * @param accepted names of inputs that may have changed
 * @param causes by name, which settings changed that may have changed the input
 * @returns a sentence for each change that was accepted
 * @throws Error that names the first that was not; TypeError for a name that is none
 */
export function compareInputs(
  stored: Inputs,
  current: Inputs,
  accepted: readonly string[],
  directory: string,
  causes: Inputs = {},
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
    const accept = `--accept-changes ${[...new Set([...accepted, refused])].join(",")}`;
    const cause = causes[refused];
    if (cause !== undefined) {
      throw new Error(
        `Cannot resume from ${directory} as its input ${refused} has changed: ${cause}; set it back, or go on with the ` +
          `problems that are left now by adding ${accept}`,
      );
    }
    throw new Error(
      `Cannot resume from ${directory} as its input ${refused} has changed: SHA-256 was ${
        stored[refused]
      }, is ${current[refused] ?? "that of nothing"}; restore it, or add ${accept}`,
    );
  }
  return changed.map((name) => `the input ${name} has changed since ${directory}, which was accepted`);
}
