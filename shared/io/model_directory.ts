// What a person means by --model: a model's directory, or a run's, whose best or newest checkpoint it is then.

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "./files.ts";
import { ggufOf } from "./gguf.ts";

/**
 * A GGUF file, or the directory with the model's config.json: the given one, or that of the best checkpoint of a run, or of its newest
 * where none is marked as best.
 *
 * @throws Error of one sentence for what is neither, with the command that fetches a model of the hub
 */
export function modelDirectory(path: string): string {
  if (existsSync(join(path, "config.json")) || ggufOf(path) !== undefined) return path;
  const root = existsSync(join(path, "checkpoints")) ? join(path, "checkpoints") : path;
  const steps = statSync(root, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(root).filter((name) => /^step_\d{6,}$/.test(name)).sort()
    : [];
  const complete = steps.filter((name) => existsSync(join(root, name, "config.json")));
  const newest = complete.at(-1);
  if (newest !== undefined) return join(root, bestOf(join(root, newest), complete) ?? newest);
  if (existsSync(join(path, "recipe.toml"))) {
    const merged = steps.length > 0
      ? `its checkpoints hold adapters alone: give their model by --model and ${
        join(root, steps.at(-1)!, "adapter")
      } by --adapter`
      : "the run has no checkpoint yet";
    throw new Error(`Cannot read ${path} as ${merged}`);
  }
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) {
    throw new Error(
      `Cannot read ${path} as it is a file: a model is a folder with config.json, or a file that ends in .gguf`,
    );
  }
  if (existsSync(path)) {
    throw new Error(`Cannot read ${path} as it holds neither a model (config.json) nor checkpoints`);
  }
  const hub = /^[\w-]+(?:\.[\w-]+)*\/[\w.-]+$/.test(path)
    ? `: a model of the hub is fetched with npm run -s ghpo -- download ${path}`
    : "";
  throw new Error(`Cannot read ${path} as it does not exist${hub}`);
}

/** The name of the best checkpoint that is still there, as the newest one knows it. */
function bestOf(newest: string, names: readonly string[]): string | undefined {
  const state = join(newest, "trainer_state.json");
  if (!existsSync(state)) return undefined;
  const { best } = Object(readJson(state)) as { best?: { step?: unknown } | null };
  return names.find((name) => Number(name.slice("step_".length)) === best?.step);
}
