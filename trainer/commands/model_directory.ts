// The model that a path means: a Hugging Face directory itself, or of a run its newest checkpoint.

import { ggufOf } from "#shared/io/gguf.ts";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkpointName, listCheckpoints } from "../run/checkpoint.ts";

/** @throws Error for a path that is neither, and for a run without a checkpoint */
export function modelDirectory(path: string): string {
  if (existsSync(join(path, "config.json")) || ggufOf(path) !== undefined) return path;
  const isRun = existsSync(join(path, "recipe.toml"));
  const newest = isRun ? listCheckpoints(join(path, "checkpoints")).at(-1) : undefined;
  if (newest !== undefined) return join(path, "checkpoints", checkpointName(newest));
  throw new Error(
    isRun
      ? `Cannot open ${path} as the run has no checkpoint yet`
      : `Cannot open ${path} as it must be a model's directory (config.json) or a run's (recipe.toml): it holds neither`,
  );
}
