import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "#shared/schemas/parse.ts";
import { promptLimit } from "../preflight/requirements.ts";
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
    const { generated: held } = await evaluationProblems(recipe);
    assert.equal(held.length, 100);
    const trained = new Set((await trainingProblems(recipe)).map((p) => p.text));
    assert.equal(held.filter((p) => trained.has(p.text)).length, 0);
  });
});

describe("held-out rows of a file", () => {
  const rows = Array.from(
    { length: 40 },
    (_, i) => ({ problem: `What is ${i % 30} + 1?`, answer: String(i % 30 + 1) }),
  );

  it("are never trained on, whatever their order, and no text is on both sides", async () => {
    await fromFile(rows, async (path) => {
      const recipe = recipeOf({ path, held_out: 10 });
      let copies = 0;
      const train = await trainingProblems(recipe, undefined, (count) => copies += count);
      assert.equal(copies, rows.length - 10 - train.length);
      assert.ok(copies > 0, "rows with the text of one set apart are counted");
      const { setApart } = await evaluationProblems(recipe);
      assert.equal(setApart.length, 10);
      const texts = new Set(setApart.map(({ text }) => text));
      assert.equal(texts.size, 10);
      assert.ok(train.every(({ text }) => !texts.has(text)));
      assert.equal(new Set(train.map(({ text }) => text)).size, 20);
      await fromFile(rows.toReversed(), async (turned) => {
        const again = await evaluationProblems(recipeOf({ path: turned, held_out: 10 }));
        assert.deepEqual(new Set(again.setApart.map(({ text }) => text)), texts);
      });
      const other = await evaluationProblems({ ...recipe, seed: 7 });
      assert.notDeepEqual(new Set(other.setApart.map(({ text }) => text)), texts);
    });
  });

  it("must leave some to train on", async () => {
    await fromFile(rows, async (path) => {
      await assert.rejects(
        trainingProblems(recipeOf({ path, held_out: 30 })),
        /^RangeError: Cannot set data\.held_out problems aside as there are only 40: current value is 30$/,
      );
    });
    assert.throws(
      () => recipeOf({ families: ["chain"], held_out: 1 }),
      /must have a path or a benchmark with held_out/,
    );
  });
});

describe("eval.path", () => {
  const rows = [{ q: "What is 2+2?", a: 4 }, { q: "What is 2+3?", a: 5 }, { q: "What is 2+4?", a: 6 }];
  const columns = { text: "q", answer: "a" };

  it("is read with its own columns, or those of [data]", async () => {
    await fromFile(rows, async (path) => {
      const read = async (data: Record<string, unknown>, evaluation: Record<string, unknown>) =>
        (await evaluationProblems(recipeOf({ path, ...data }, { eval: { path, ...evaluation } }))).file;
      assert.deepEqual((await read({}, { columns })).map(({ answer }) => answer), ["4", "5", "6"]);
      assert.equal((await read({ columns }, {})).length, 3);
      assert.equal((await read({ columns }, { count: 2 })).length, 2);
      await assert.rejects(read({}, {}), /it has no problem: its columns are q, a/);
    });
  });
});

describe("published benchmarks and task files", () => {
  const inFolder = async (body: (folder: string) => Promise<void>) => {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-tasks-"));
    try {
      const rows = [1, 2, 3].map((i) => ({
        question: `What is ${i}+${i}?`,
        answer: `We add.\n${i}+${i}=${2 * i}\n#### ${2 * i}`,
      }));
      const text = rows.map((row) => JSON.stringify(row)).join("\n");
      for (const name of ["gsm8k-train.jsonl", "gsm8k-test.jsonl", "own.jsonl"]) {
        writeFileSync(join(folder, name), text);
      }
      writeFileSync(join(folder, "own.toml"), 'name = "own"\nfiles = ["own.jsonl"]\n');
      await body(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it("are trained on by their name", () =>
    inFolder(async (folder) => {
      for (const benchmark of ["gsm8k", join(folder, "own.toml")]) {
        const problems = await trainingProblems(recipeOf({ benchmark, folder }));
        assert.deepEqual(problems.map(({ answer }) => answer), ["2", "4", "6"]);
        assert.equal((await trainingProblems(recipeOf({ benchmark, folder, held_out: 1 }))).length, 2);
      }
      assert.equal(
        (await trainingProblems(recipeOf({ benchmark: "gsm8k", folder })))[0]!.trace!.text,
        "We add.\n1+1=2",
      );
      await assert.rejects(
        trainingProblems(recipeOf({ benchmark: "math500", folder })),
        /has no training split/,
      );
      await assert.rejects(
        trainingProblems(recipeOf({ benchmark: "gsm9k", folder })),
        /the nearest known one is gsm8k/,
      );
      assert.throws(
        () => recipeOf({ benchmark: "gsm8k", path: "p" }),
        /either families or a path or a benchmark/,
      );
    }));

  it("are evaluated on in the loop", () =>
    inFolder(async (folder) => {
      const tasks = ["gsm8k", join(folder, "own.toml")];
      const { file } = await evaluationProblems(
        recipeOf({ families: ["chain"], folder }, { eval: { tasks, count: 2 } }),
      );
      assert.deepEqual(file.map(({ source }) => source), ["gsm8k", "gsm8k", "own", "own"]);
      assert.ok(file.every(({ answer }) => /^[246]$/.test(answer)));
      const unknown = recipeOf({ families: ["chain"], folder }, { eval: { tasks: ["gsm"] } });
      await assert.rejects(
        evaluationProblems(unknown),
        /neither a benchmark nor a task file \(\.toml\): the nearest is gsm8k/,
      );
    }));
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

  it("refuses completions as long as the context", () => {
    assert.throws(
      () => promptLimit(recipe(192, 4096), context),
      /below the model's context of 192 tokens .*: current value is 192$/,
    );
  });
});
