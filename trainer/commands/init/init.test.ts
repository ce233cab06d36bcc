// init on a dozen files of our own making, and on GSM8K: a recipe under which the reference solutions earn full marks,
// or one sentence.

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { syntheticProblems } from "#shared/problems/synthetic.ts";
import { preflightOf } from "../../preflight/recipe.ts";
import { loadRecipe } from "../../run/recipe.ts";
import { type TrainRecipe, TrainRecipeSchema } from "../../run/train_recipe.ts";
import { choose } from "./choose.ts";
import { findColumns, parseColumns } from "./columns.ts";
import { initCommand } from "./init.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const FOLDER = mkdtempSync(join(tmpdir(), "ghpo-init-"));
after(() => rmSync(FOLDER, { recursive: true }));

/** A model directory with a vocabulary of ASCII characters and a template with a system turn. */
const ASCII = join(FOLDER, "ascii");
mkdirSync(ASCII);
const characters = ["\n", ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))];
const vocab = Object.fromEntries(["<unk>", "<eos>", ...characters].map((token, id) => [token, id]));
writeFileSync(
  join(ASCII, "tokenizer.json"),
  JSON.stringify({
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: "Fuse" },
    model: { type: "BPE", vocab, merges: [], unk_token: "<unk>" },
  }),
);
writeFileSync(
  join(ASCII, "tokenizer_config.json"),
  JSON.stringify({
    unk_token: "<unk>",
    eos_token: "<eos>",
    chat_template: "{% for m in messages %}{{ m.content }}\n{% endfor %}",
  }),
);
writeFileSync(
  join(ASCII, "config.json"),
  JSON.stringify({
    model_type: "qwen2",
    architectures: ["Qwen2ForCausalLM"],
    hidden_size: 64,
    intermediate_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    vocab_size: 2048,
    max_position_embeddings: 4096,
    rms_norm_eps: 1e-6,
    hidden_act: "silu",
    eos_token_id: 1,
  }),
);

const ROWS = Array.from({ length: 60 }, (_, i) => {
  const [boxes, pens] = [i + 2, (7 * i) % 11 + 3];
  const all = boxes * pens;
  return {
    text: `Ann has ${boxes} boxes of ${pens} pens each and gives 4 away. How many has she left?`,
    steps: [
      `She has ${boxes} * ${pens} = ${all} pens.`,
      `She gives 4 away.`,
      `She keeps ${all} - 4 = ${all - 4}.`,
    ],
    answer: all - 4,
  };
});
const lines = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join("\n");
const csv = (rows: Record<string, unknown>[]) =>
  [Object.keys(rows[0]!), ...rows.map((row) => Object.values(row))]
    .map((cells) => cells.map((cell) => `"${String(cell).replaceAll('"', '""')}"`).join(",")).join("\n");

const notes = (steps: string[]) => steps.map((step) => step.replace(/= (\d+)/, "= <<1*1=$1>>$1")).join("\n");
const own = <T>(make: (row: typeof ROWS[number], i: number) => T): T[] => ROWS.map(make);

/** Four layouts, five namings, solutions of one line, of steps, and none. */
const FILES: Record<
  string,
  [content: string | Uint8Array, expected: Partial<Record<"text" | "answer" | "trace", string>>]
> = {
  "gsm8k.jsonl": [lines(own((r) => ({ question: r.text, answer: `${notes(r.steps)}\n#### ${r.answer}` }))), {
    text: "question",
    answer: "",
    trace: "answer",
  }],
  "math.jsonl": [
    lines(own((r) => ({
      problem: r.text,
      solution: `${r.steps.join(" ")} So it is $\\boxed{${r.answer}}$.`,
      answer: String(r.answer),
      level: `Level ${r.answer % 5 + 1}`,
    }))),
    { text: "problem", answer: "answer", trace: "solution" },
  ],
  "numina.json": [
    JSON.stringify(
      own((r) => ({ source: "x", problem: r.text, solution: `${r.steps.join("\n")}\n\\boxed{${r.answer}}` })),
    ),
    { text: "problem", answer: "", trace: "solution" },
  ],
  "plain.csv": [csv(own((r) => ({ question: r.text, gold: r.answer, rationale: r.steps.join("\n") }))), {
    text: "question",
    answer: "gold",
    trace: "rationale",
  }],
  "alpaca.jsonl.gz": [
    gzipSync(lines(own((r) => ({ instruction: r.text, output: `${r.steps.join(" ")}\n#### ${r.answer}` })))),
    { text: "instruction", answer: "", trace: "output" },
  ],
  "verl.json": [
    JSON.stringify(own((r) => ({
      data_source: "own",
      prompt: [{ role: "user", content: r.text }],
      reward_model: { style: "rule", ground_truth: String(r.answer) },
    }))),
    { text: "prompt.0.content", answer: "reward_model.ground_truth", trace: "" },
  ],
  "one-line.jsonl": [
    lines(own((r) => ({ query: r.text, response: `${r.steps[2]}`, final_answer: r.answer }))),
    { text: "query", answer: "final_answer", trace: "response" },
  ],
  "untraced.tsv": [own((r) => `${r.text}\t${r.answer}`).join("\n").replace(/^/, "input\ttarget\n"), {
    text: "input",
    answer: "target",
    trace: "",
  }],
  "short-solution.csv": [csv(own((r) => ({ problem: r.text, solution: r.answer }))), {
    text: "problem",
    answer: "solution",
    trace: "",
  }],
  "tagged.jsonl": [
    lines(own((r) => ({
      Problem: r.text,
      Response: `<think>\n${r.steps.join("\n")}\n</think>\n<answer>\n${r.answer}\n</answer>`,
      "Ground Truth": r.answer,
    }))),
    { text: "Problem", answer: "Ground Truth", trace: "Response" },
  ],
  "odd-names.csv": [
    csv(own((r) => ({ nr: `n${r.answer}`, aufgabe: r.text, weg: r.steps.join("\n"), loesung: r.answer }))),
    {
      text: "aufgabe",
      trace: "weg",
    },
  ],
  "question-twice.json": [
    JSON.stringify(
      own((r) => ({ problem: r.text, url: "https://own.example/x", question: r.text, answer: r.answer })),
    ),
    { text: "problem", answer: "answer", trace: "" },
  ],
  "only-answers.jsonl": [lines(own((r) => ({ problem: r.text, solution: `$\\boxed{${r.answer}}$` }))), {
    text: "problem",
    answer: "",
    trace: "solution",
  }],
  "one-long.jsonl": [
    lines(
      own((r, i) => ({
        problem: i === 9 ? r.text.repeat(60) : r.text,
        solution: r.steps.join("\n"),
        answer: r.answer,
      })),
    ),
    { text: "problem", answer: "answer", trace: "solution" },
  ],
};

function made(name: string): string {
  const path = join(FOLDER, name);
  writeFileSync(path, FILES[name]![0]);
  return path;
}

async function written(
  data: string,
  model: string,
  options: Record<string, string> = {},
): Promise<TrainRecipe> {
  const file = join(mkdtempSync(join(FOLDER, "out-")), "mine.toml");
  const log = console.log;
  console.log = () => {};
  try {
    await initCommand(file, { data, model, algorithm: "ghpo", steps: "10", json: true, ...options });
  } finally {
    console.log = log;
  }
  return loadRecipe(TrainRecipeSchema, file, []);
}

async function provesItself(recipe: TrainRecipe, most: number): Promise<void> {
  const { faults, reference, lengths, dropped, problems } = await preflightOf(recipe);
  assert.deepEqual(faults, []);
  assert.equal(reference!.full, problems.length);
  assert.deepEqual(lengths!.long_targets, []);
  assert.ok(dropped.length <= most);
}

describe("init --data", () => {
  for (const [name, [, expected]] of Object.entries(FILES)) {
    it(`${name}: full marks for the reference solutions`, async () => {
      const path = made(name);
      const recipe = await written(
        path,
        ASCII,
        name === "odd-names.csv" ? { columns: "answer=loesung" } : {},
      );
      if (recipe.data.format !== "gsm8k") {
        for (const [role, column] of Object.entries(expected)) {
          assert.equal(recipe.data.columns[role as "text"], column, role);
        }
      }
      assert.equal(recipe.data.format === "gsm8k", name === "gsm8k.jsonl");
      const isTraced = expected.trace !== "" && name !== "only-answers.jsonl";
      assert.equal(recipe.algorithm, isTraced ? "ghpo" : "grpo");
      assert.equal(recipe.data.held_out, 6);
      await provesItself(recipe, name === "one-long.jsonl" ? 1 : 0);
    });
  }

  it("writes a recipe for the tiny model where the file speaks its few words", async () => {
    const path = join(FOLDER, "tiny.jsonl");
    const rows = syntheticProblems({
      families: ["chain", "linear"],
      levels: [2, 4],
      count: 60,
      seed: 3,
      split: "train",
    });
    writeFileSync(
      path,
      lines(rows.map(({ text, answer, trace }) => ({ problem: text, answer, solution: trace!.text }))),
    );
    const recipe = await written(path, join(ROOT, "trainer/recipes/tiny-base"));
    assert.deepEqual([recipe.prompt.system, recipe.reward.format, recipe.reward.preset], [
      "",
      "hash",
      "strict",
    ]);
    await provesItself(recipe, 0);
  });

  it("shows plain text to a base model, which has no chat template", async () => {
    const base = join(FOLDER, "base");
    cpSync(ASCII, base, { recursive: true });
    writeFileSync(
      join(base, "tokenizer_config.json"),
      JSON.stringify({ unk_token: "<unk>", eos_token: "<eos>" }),
    );
    const recipe = await written(made("math.jsonl"), base);
    assert.deepEqual([recipe.prompt.chat_template, recipe.prompt.user], [
      false,
      "Problem: {question}\n\nSolution: ",
    ]);
    await provesItself(recipe, 0);
  });

  const gsm8k = join(process.env["GHPO_SHARED"] ?? join(ROOT, "../shared"), "data/gsm8k-train.jsonl");
  const tokenizer = join(ROOT, ".cache/qwen2_5-tokenizer");
  const absent = [gsm8k, tokenizer].find((path) => !existsSync(path));
  it(
    "GSM8K with Qwen2.5's tokenizer",
    { skip: absent ? `no ${absent}` : false, timeout: 300_000 },
    async () => {
      const model = join(FOLDER, "qwen");
      cpSync(tokenizer, model, { recursive: true });
      const config = JSON.parse(readFileSync(join(ASCII, "config.json"), "utf8"));
      writeFileSync(
        join(model, "config.json"),
        JSON.stringify({ ...config, vocab_size: 151936, eos_token_id: 151645 }),
      );
      const recipe = await written(gsm8k, model);
      assert.deepEqual([recipe.data.format, recipe.data.held_out, recipe.reward.format], [
        "gsm8k",
        200,
        "hash",
      ]);
      await provesItself(recipe, 0);
    },
  );

  it("says in one sentence what it cannot use", async () => {
    const refused = async (data: string, message: RegExp, model = ASCII, options = {}) =>
      await assert.rejects(written(data, model, options), message);
    const file = (name: string, content: string) => {
      writeFileSync(join(FOLDER, name), content);
      return join(FOLDER, name);
    };
    await refused(join(FOLDER, "none.jsonl"), /^Error: Cannot read .*none\.jsonl as it does not exist$/);
    await refused(
      FOLDER,
      /^Error: Cannot read .* as it is a directory: name a file, or a pattern such as .*\/\*\.jsonl$/,
    );
    await refused(
      "openai/gsm8k",
      /^Error: Cannot read openai\/gsm8k as no file has that name: .* download openai\/gsm8k --dataset$/,
    );
    await refused(file("empty.jsonl", ""), /as it has no rows$/);
    await refused(
      file(
        "no-answer.csv",
        "problem,note\nWhat is 1 + 1 in words of one letter?,see the book for how it is done\n",
      ),
      /does not show which column holds the answer: its columns are problem, note; say so with --columns/,
    );
    const good = made("plain.csv");
    await refused(good, /has no column "quest": its columns are question, gold, rationale/, ASCII, {
      columns: "text=quest",
    });
    await refused(good, /"txt=question" must be one of text, answer, trace, level, id/, ASCII, {
      columns: "txt=question",
    });
    await refused(
      good,
      /nowhere\/config\.json does not exist: a model of the hub is fetched with/,
      "nowhere",
    );
    await refused(
      good,
      /^Error: Cannot write a recipe for .* as the tokenizer does not know "Ann"/,
      join(ROOT, "trainer/recipes/tiny-base"),
    );
    const wrong = own((r) => ({
      problem: r.text,
      solution: `${r.steps.join("\n")}\n#### ${r.answer + 1}`,
      answer: r.answer,
    }));
    await refused(
      file("wrong.jsonl", lines(wrong)),
      /60 of 60 solutions end in another answer than their row has/,
    );
  });
});

describe("findColumns()", () => {
  it("takes what a person says before what it finds", () => {
    const rows = [{ line: 1, value: { q: "What is 1+1?", problem: "x", a: "2", answer: "3" } }];
    assert.deepEqual(findColumns(rows, parseColumns("text=q, answer=a"), "f").columns, {
      id: "",
      text: "q",
      answer: "a",
      trace: "",
      level: "",
    });
  });

  it("takes short texts for solutions where their column is called so", () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({
      line: i + 1,
      value: { problem: `Compute ${i}+3`, answer: String(i + 3), solution: `${i}+3=${i + 3}` },
    }));
    const { columns, unused } = findColumns(rows, {}, "f");
    assert.equal(columns.trace, "solution");
    assert.equal(columns.answer, "answer");
    assert.deepEqual(unused, []);
    const answers = rows.map(({ line, value }) => ({
      line,
      value: { problem: value.problem, solution: value.answer },
    }));
    assert.equal(findColumns(answers, {}, "f").columns.answer, "solution", "where it is all there is");
  });
});

describe("choose()", () => {
  it("says what it chose and why", async () => {
    const path = made("math.jsonl");
    const { reasons, style } = await choose(path, ASCII, {});
    assert.deepEqual([style.format, style.functions], [null, ["accuracy"]]);
    assert.match(reasons.join("\n"), /^data {8}60 problems, 60 with a solution$/m);
    assert.match(reasons.join("\n"), /^answers {5}in \\boxed\{\}, graded by strict/m);
    assert.match(reasons.join("\n"), /^held out {4}6 problems/m);
  });
});
