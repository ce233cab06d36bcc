// Every recipe that ships: the reference solutions of its data earn full marks in the form that its prompt asks for, and
// the pre-flight finds nothing, with the model's own tokenizer where one is at hand.

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readText } from "#shared/io/files.ts";
import { SftRecipeSchema } from "#shared/schemas/recipe/sft.ts";
import { dryRun } from "../commands/checked_problems.ts";
import { writeByteModel } from "../commands/init/models.testing.ts";
import { preflightOf } from "../preflight/recipe.ts";
import { isSftRecipe, loadRecipe } from "../run/recipe.ts";
import type { Override } from "../run/flags.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const ROOT = join(FOLDER, "..", "..");
const SHARED = process.env["GHPO_SHARED"] ?? join(ROOT, "..", "shared");
const PARTS = mkdtempSync(join(tmpdir(), "ghpo-recipes-"));
after(() => rmSync(PARTS, { recursive: true }));
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

const published = join(ROOT, ".cache", "qwen2_5-tokenizer");

/** A model directory with Qwen2.5's tokenizer, or with one of all bytes where that was not fetched; made once. */
function modelFolder(): string {
  const folder = join(PARTS, "model");
  if (existsSync(folder)) return folder;
  const hasPublished = existsSync(published);
  writeByteModel(folder, hasPublished ? 151936 : undefined);
  if (hasPublished) cpSync(published, folder, { recursive: true });
  const own = JSON.parse(readText(join(folder, "config.json")));
  const end = hasPublished ? { eos_token_id: 151645 } : {};
  writeFileSync(
    join(folder, "config.json"),
    JSON.stringify({ ...own, ...end, max_position_embeddings: 32768 }),
  );
  return folder;
}

interface Trial {
  /** The problems; rows of our own where it is null. */
  data: string | null;
  /** Counting the tokens of all of GSM8K would take seconds for every recipe. */
  counts: boolean;
}

async function check(name: string, { data, counts }: Trial): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-recipes-"));
  try {
    const overrides: Override[] = [];
    const schema = isSftRecipe(name) ? SftRecipeSchema : TrainRecipeSchema;
    const plain = loadRecipe(schema, name, []);
    if (plain.data.path !== null) {
      const rows = plain.data.format === "gsm8k" ? OWN.gsm8k : OWN.numina;
      const path = join(folder, "own.jsonl");
      writeFileSync(path, rows.map((row) => JSON.stringify(row)).join("\n"));
      overrides.push(["data.path", data ?? path]);
      if (plain.data.format === "parquet") overrides.push(["data.format", "jsonl"]);
      overrides.push(["model", counts ? modelFolder() : join(folder, "none")]);
      // A text has several times as many bytes as tokens of a published tokenizer.
      if (counts && !existsSync(published)) {
        overrides.push(["prompt.max_prompt_length", "4096"], ["train.micro_batch_tokens", "8192"]);
      }
    }
    const recipe = loadRecipe(schema, name, overrides);
    const { faults, errors, reference, problems, lengths } = await preflightOf(recipe);
    assert.deepEqual([faults, errors.length], [[], 0]);
    assert.ok(problems.length >= 50);
    if ("reward" in recipe) {
      assert.equal(reference!.full, problems.length);
      assert.equal(reference!.gradable, problems.length);
    }
    if (!counts) return;
    assert.ok(lengths !== null);
    const said = await dryRunOf(recipe);
    assert.deepEqual(said.filter((line) => line.startsWith("problem:")), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What --dry-run says on stderr; it leaves exit code 0. */
async function dryRunOf(recipe: Parameters<typeof dryRun>[0]): Promise<string[]> {
  const { log, error } = console;
  const said: string[] = [];
  console.log = () => {};
  console.error = (line: string) => said.push(line);
  try {
    await dryRun(recipe, {});
  } finally {
    Object.assign(console, { log, error });
  }
  assert.equal(process.exitCode ?? 0, 0, said.join("\n"));
  return said;
}

/** The first 50 rows of a file. */
function beginning(path: string): string {
  const part = join(mkdtempSync(join(PARTS, "rows-")), "rows.jsonl");
  writeFileSync(part, readText(path).split("\n").slice(0, 50).join("\n"));
  return part;
}

describe("shipped recipes", () => {
  it("are all here", () => assert.ok(NAMES.length >= 9));

  const gsm8k = join(SHARED, "data", "gsm8k-train.jsonl");
  const skip = existsSync(gsm8k) ? false : `no ${gsm8k}: set GHPO_SHARED to run this`;
  const isOfGsm8k = (name: string) => /gsm8k/.test(readText(join(FOLDER, `${name}.toml`)));

  for (const name of NAMES) {
    it(`${name}: --dry-run passes with a tokenizer, and 50 references earn full marks`, () =>
      check(name, { data: null, counts: true }));
  }
  for (const name of NAMES.filter(isOfGsm8k)) {
    it(
      `${name}: --dry-run passes with a tokenizer and 50 rows of GSM8K`,
      { skip },
      () => check(name, { data: beginning(gsm8k), counts: true }),
    );
    it(
      `${name}: the 7,473 references of GSM8K earn full marks`,
      { skip },
      () => check(name, { data: gsm8k, counts: false }),
    );
  }
});
