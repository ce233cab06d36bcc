// Problems, and what the pre-flight check says of them under recipes with changed settings.

import { join } from "node:path";
import { syntheticProblems } from "#shared/problems/synthetic.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { parse } from "#shared/schemas/parse.ts";
import { SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import { tinyTokenizerFiles } from "#shared/text/tiny_tokenizer.ts";
import { Tokenizer } from "#shared/text/tokenizer.ts";
import { asciiTokenizerFiles } from "../commands/init/models.testing.ts";
import { sftRequirements, trainRequirements } from "./requirements.ts";
import { preflight } from "./preflight.ts";
import { RECIPES } from "../run/recipe.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";

export const TINY_BASE = join(RECIPES, "tiny-base");
const { tokenizer: file, config } = tinyTokenizerFiles(256);
export const tiny = new Tokenizer(file, config);
const context = { tokens: 256, name: "context" } as const;
const problems = syntheticProblems({
  families: ["chain"],
  levels: [2, 4],
  count: 40,
  seed: 1,
  split: "train",
});
/** Forty problems with a worked solution each, as if a file had held them. */
export const own = problems.map((problem, i) => ({ ...problem, id: `own:${i}`, source: "own" }));

export type Settings = Record<string, Record<string, unknown>>;

/** What the check says of these problems under a recipe for `train` with these settings. */
export async function trainReport(
  rows: readonly Problem[],
  settings: Settings = {},
  eosIds = [1],
  tokenizer = tiny,
) {
  const value = {
    model: "m",
    output_dir: "o",
    ...settings,
    data: { path: "p", ...settings["data"] },
    prompt: { system: "", ...settings["prompt"] },
    generation: { max_completion_length: 64, ...settings["generation"] },
    ghpo: { cold_start_steps: 0, hint_glue: " Hint: ", ...settings["ghpo"] },
    reward: { preset: "strict", format: "hash", ...settings["reward"] },
  };
  const requirements = await trainRequirements(parse(TrainRecipeSchema, value, "recipe"), context);
  return await preflight({ problems: rows, errors: [], benchmarks: {}, requirements, tokenizer, eosIds });
}

/** The same under a recipe for `sft`. */
export async function sftReport(
  rows: readonly Problem[],
  prompt: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
) {
  const sft = { ...more, phases: [{ steps: 1, learning_rate: 1 }], hint_glue: " Hint: " };
  const value = { model: "m", output_dir: "o", data: { path: "p" }, prompt: { system: "", ...prompt }, sft };
  const requirements = sftRequirements(parse(SftRecipeSchema, value, "recipe"), context);
  return await preflight({
    problems: rows,
    errors: [],
    benchmarks: {},
    requirements,
    tokenizer: tiny,
    eosIds: [1],
  });
}

/** The problems with one of them changed. */
export const broken = (changes: Partial<Problem>, index = 7) =>
  own.map((problem, i) => i === index ? { ...problem, ...changes } : problem);

/** One token for every ASCII character, and a chat template with a system turn. */
export function asciiTokenizer(normalizer: unknown = null): Tokenizer {
  const { tokenizer, config } = asciiTokenizerFiles();
  return new Tokenizer({ ...tokenizer, normalizer }, config);
}
