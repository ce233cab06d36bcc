// Every recipe that ships: the reference solutions of its data earn full marks in the form that its prompt asks for, and
// the pre-flight finds nothing, with the model's own tokenizer where one is at hand.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readText } from "#shared/io/files.ts";
import { SftRecipeSchema } from "#shared/schemas/recipe.ts";
import { preflightOf } from "../preflight/recipe.ts";
import { isSftRecipe, loadRecipe } from "../run/recipe.ts";
import type { Override } from "../run/flags.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const ROOT = join(FOLDER, "..", "..");
const SHARED = process.env["GHPO_SHARED"] ?? join(ROOT, "..", "shared");
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith(".toml")).map((name) =>
  basename(name, ".toml")
);

/** Problems of the kind that a recipe names, of our own making. */
const ROWS = Array.from({ length: 50 }, (_, i) => ({
  question: `Ann has ${i + 2} boxes of ${i + 3} pens and gives away 4 pens. How many has she left?`,
  steps: [`She has ${i + 2} * ${i + 3} = ${(i + 2) * (i + 3)} pens.`, `She keeps ${(i + 2) * (i + 3)} - 4.`],
  answer: (i + 2) * (i + 3) - 4,
}));
const OWN = {
  gsm8k: ROWS.map(({ question, steps, answer }) => ({
    question,
    answer: `${steps.join("\n")}\n#### ${answer}`,
  })),
  numina: ROWS.map(({ question, steps, answer }) => ({
    problem: question,
    solution: `${steps.join(" ")} So the answer is $\\boxed{${answer}}$.`,
  })),
};

/** A model directory with a published tokenizer, or null where that was not fetched. */
function modelWith(tokenizer: string, folder: string): string | null {
  const source = join(ROOT, ".cache", `${tokenizer}-tokenizer`);
  if (!existsSync(source)) return null;
  cpSync(source, folder, { recursive: true });
  writeFileSync(
    join(folder, "config.json"),
    JSON.stringify({
      model_type: "qwen2",
      architectures: ["Qwen2ForCausalLM"],
      hidden_size: 64,
      intermediate_size: 128,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      vocab_size: 151936,
      max_position_embeddings: 32768,
      rms_norm_eps: 1e-6,
      hidden_act: "silu",
      eos_token_id: 151645,
    }),
  );
  return folder;
}

async function check(name: string, data: string | null, format: string | null): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-recipes-"));
  try {
    const overrides: Override[] = [];
    const plain = loadRecipe(isSftRecipe(name) ? SftRecipeSchema : TrainRecipeSchema, name, []);
    if (plain.data.path !== null) {
      const rows = plain.data.format === "gsm8k" ? OWN.gsm8k : OWN.numina;
      const path = join(folder, "own.jsonl");
      writeFileSync(path, rows.map((row) => JSON.stringify(row)).join("\n"));
      overrides.push(["data.path", data ?? path]);
      if (plain.data.format === "parquet") overrides.push(["data.format", format ?? "jsonl"]);
      // Counting the tokens of all of GSM8K would take seconds for every recipe.
      const model = data === null ? modelWith("qwen2_5", join(folder, "model")) : null;
      overrides.push(["model", model ?? join(folder, "none")]);
    }
    const recipe = loadRecipe(isSftRecipe(name) ? SftRecipeSchema : TrainRecipeSchema, name, overrides);
    const { faults, errors, reference, problems, lengths } = await preflightOf(recipe);
    assert.deepEqual([faults, errors.length], [[], 0]);
    assert.ok(problems.length >= 50);
    if ("reward" in recipe) {
      assert.equal(reference!.full, problems.length);
      assert.equal(reference!.gradable, problems.length);
    }
    if (plain.data.path === null || existsSync(join(folder, "model"))) assert.ok(lengths !== null);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("shipped recipes", () => {
  it("are all here", () => assert.ok(NAMES.length >= 9));

  for (const name of NAMES) {
    it(`${name}: references of its kind of data earn full marks`, () => check(name, null, null));
  }

  const gsm8k = join(SHARED, "data", "gsm8k-train.jsonl");
  const skip = existsSync(gsm8k) ? false : `no ${gsm8k}: set GHPO_SHARED to run this`;
  for (const name of NAMES.filter((each) => /gsm8k/.test(readText(join(FOLDER, `${each}.toml`))))) {
    it(`${name}: the 7,473 references of GSM8K earn full marks`, { skip }, () => check(name, gsm8k, null));
  }
});
