import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "#shared/schemas/parse.ts";
import { promptLimit } from "../preflight/demands.ts";
import { evaluationProblems, trainingProblems } from "./data.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";

const recipeOf = (data: Record<string, unknown>, rest: Record<string, unknown> = {}) =>
  parse(TrainRecipeSchema, { model: "m", output_dir: "o", data, ...rest }, "recipe");

async function fromFile(lines: unknown[], body: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-data-"));
  try {
    const path = join(folder, "train.jsonl");
    writeFileSync(path, lines.map((line) => JSON.stringify(line) + "\n").join(""));
    await body(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("trainingProblems()", () => {
  it("generates what the recipe names, the same for the same seed", async () => {
    const recipe = recipeOf({ families: ["chain", "gcd"], levels: [2], count: 10 });
    const problems = await trainingProblems(recipe);
    assert.deepEqual(new Set(problems.map((p) => p.source)), new Set(["chain", "gcd"]));
    assert.ok(problems.every((p) => p.level === 2) && problems.length === 10);
    assert.deepEqual(problems, await trainingProblems(recipe));
    assert.notDeepEqual(problems, await trainingProblems({ ...recipe, seed: 1 }));
  });

  it("reads a file, a row without trace included, which is then never hinted", async () => {
    await fromFile([{ problem: "1+1?", answer: "2" }, {
      problem: "2+2?",
      answer: 4,
      solution: "2 and 2. So 4",
    }], async (path) => {
      const problems = await trainingProblems(recipeOf({ path }));
      assert.deepEqual(problems.map((p) => [p.answer, p.trace === null]), [["2", true], ["4", false]]);
    });
  });

  it("names file and line of a row without an answer, and of a duplicate id", async () => {
    const refused = async (rows: unknown[], message: RegExp) =>
      await fromFile(rows, async (path) => {
        await assert.rejects(trainingProblems(recipeOf({ path, columns: { id: "id" } })), message);
      });
    await refused(
      [{ id: "a", problem: "1+1?", answer: "2" }, { id: "b", problem: "?" }],
      /train\.jsonl:2 as it has no answer: its columns are id, problem$/,
    );
    const twice = { id: "a", problem: "1+1?", answer: "2" };
    await refused([twice, twice], /train\.jsonl:2 as its id "a" is also that of line 1$/);
  });
});

describe("evaluationProblems()", () => {
  it("are held out: none is a training problem", async () => {
    const families = ["chain", "addition"];
    const recipe = recipeOf({ families, count: 500 }, {
      eval: { eval_every: 1, benchmarks: families, count: 50 },
    });
    const held = evaluationProblems(recipe.eval);
    assert.equal(held.length, 100);
    const trained = new Set((await trainingProblems(recipe)).map((p) => p.text));
    assert.equal(held.filter((p) => trained.has(p.text)).length, 0);
  });
});

describe("promptLimit()", () => {
  const recipe = (completion: number, tokens: number) =>
    recipeOf({ path: "p" }, {
      prompt: { max_prompt_length: 100 },
      generation: { max_completion_length: completion },
      train: { micro_batch_tokens: tokens },
    });

  const context = { tokens: 192, name: "context" } as const;

  it("leaves room for the completion in the context and in a micro-batch", () => {
    assert.equal(promptLimit(recipe(64, 4096), context).tokens, 100);
    assert.equal(promptLimit(recipe(128, 4096), context).tokens, 64);
    assert.equal(promptLimit(recipe(64, 100), context).tokens, 36);
  });

  it("refuses completions as long as the context or the sliding window", () => {
    assert.throws(
      () => promptLimit(recipe(192, 4096), context),
      /below the model's context of 192 tokens .*: current value is 192$/,
    );
    assert.throws(
      () => promptLimit(recipe(192, 4096), { tokens: 64, name: "sliding window" }),
      /below the model's sliding window of 64 tokens .*: current value is 192$/,
    );
  });
});
