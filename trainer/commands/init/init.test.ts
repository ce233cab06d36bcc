// init on a dozen files of our own making, and on GSM8K: a recipe under which the reference solutions earn full marks,
// or one sentence.

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { preflightOf } from "../../preflight/recipe.ts";
import { loadRecipe } from "../../run/recipe.ts";
import { type TrainRecipe, TrainRecipeSchema } from "../../run/train_recipe.ts";
import { exportGguf } from "../../gguf/export_gguf.ts";
import { checkDataCommand } from "../check_data.ts";
import { choose } from "./choose.ts";
import { initCommand, writeRecipe } from "./init.ts";
import { FILES, lines, own, tinyRows, writeAsciiModel, writeByteModel } from "./testing.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const FOLDER = mkdtempSync(join(tmpdir(), "ghpo-init-"));
after(() => rmSync(FOLDER, { recursive: true }));

const ASCII = join(FOLDER, "ascii");
writeAsciiModel(ASCII);

function made(name: string): string {
  const path = join(FOLDER, name);
  writeFileSync(path, FILES[name]![0]);
  return path;
}

async function silently(work: () => Promise<void>): Promise<void> {
  const log = console.log;
  console.log = () => {};
  try {
    await work();
  } finally {
    console.log = log;
  }
}

async function written(
  data: string,
  model: string,
  options: Record<string, string> = {},
): Promise<TrainRecipe> {
  const file = join(mkdtempSync(join(FOLDER, "out-")), "mine.toml");
  await silently(() =>
    initCommand(file, { data, model, algorithm: "ghpo", steps: "10", json: true, ...options })
  );
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
    writeFileSync(path, tinyRows());
    const recipe = await written(path, join(ROOT, "trainer/recipes/tiny-base"));
    assert.deepEqual([recipe.prompt.system, recipe.reward.format, recipe.reward.preset], [
      "",
      "hash",
      "strict",
    ]);
    await provesItself(recipe, 0);
    const { warnings } = await preflightOf(recipe);
    assert.ok(!warnings.some((each) => each.includes("reward.format")), "no words could ask for a form");
  });

  for (
    const [what, template] of [
      ["refuses", "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}"],
      ["leaves out", "{% for m in messages if m.role == 'user' %}"],
    ]
  ) {
    it(`asks for the form in the user's turn where the template ${what} system turns`, async () => {
      const model = join(FOLDER, `no-system-${what}`);
      cpSync(ASCII, model, { recursive: true });
      const chat_template = `${template}{{ m.content }}\n{% endfor %}`;
      writeFileSync(
        join(model, "tokenizer_config.json"),
        JSON.stringify({ unk_token: "<unk>", eos_token: "<eos>", chat_template }),
      );
      const recipe = await written(made("gsm8k.jsonl"), model);
      assert.equal(recipe.prompt.system, "");
      assert.match(recipe.prompt.user, /^\{question\}\n\nSolve .* must be #### and the final answer\.$/);
      assert.equal(recipe.reward.format, "hash");
      await provesItself(recipe, 0);
      const warned = async (of: TrainRecipe) =>
        (await preflightOf(of)).warnings.join().includes("which form of answer");
      assert.equal(await warned(recipe), false);
      assert.equal(await warned({ ...recipe, prompt: { ...recipe.prompt, user: "{question}" } }), true);
      // The same form, asked for where the template does not show it.
      const unseen = {
        ...recipe,
        prompt: { ...recipe.prompt, system: "The last line is #### and the answer." },
      };
      assert.match(
        (await preflightOf(unseen)).faults.join(),
        what === "refuses" ? /no/ : /does not show the system/,
      );
    });
  }

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
      writeByteModel(model, 151936);
      cpSync(tokenizer, model, { recursive: true });
      const config = JSON.parse(readFileSync(join(model, "config.json"), "utf8"));
      writeFileSync(join(model, "config.json"), JSON.stringify({ ...config, eos_token_id: 151645 }));
      const recipe = await written(gsm8k, model);
      assert.deepEqual([recipe.data.format, recipe.data.held_out, recipe.reward.format], [
        "gsm8k",
        200,
        "hash",
      ]);
      await provesItself(recipe, 0);
    },
  );

  it("check-data takes a data file by itself, and no settings of a recipe with it", async () => {
    const path = made("plain.csv");
    const said: string[] = [];
    const log = console.log;
    console.log = (line: string) => said.push(line);
    try {
      await checkDataCommand(path, { json: true }, [["model", ASCII], ["columns", "answer=gold"]]);
      await assert.rejects(
        checkDataCommand(path, {}, [["model", ASCII], ["train.max_steps", "3"]]),
        /^TypeError: Cannot check .*plain\.csv with --train\.max_steps as a data file has no recipe/,
      );
    } finally {
      console.log = log;
    }
    const { problems, reasons, faults, reference } = JSON.parse(said[0]!);
    assert.deepEqual([problems, faults, reference.full], [60, [], 60]);
    assert.match(reasons.join(), /gold/);
    assert.equal(process.exitCode ?? 0, 0);
  });

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
    const bare = join(FOLDER, "bare");
    cpSync(ASCII, bare, { recursive: true });
    rmSync(join(bare, "model.safetensors"));
    await refused(
      good,
      /^Error: Cannot write .* as .*bare cannot be loaded as it has neither model\.safe/,
      bare,
    );
    const wrong = own((r) => ({
      problem: r.text,
      solution: `${r.steps.join("\n")}\n#### ${r.answer + 1}`,
      answer: r.answer,
    }));
    await refused(
      file("wrong.jsonl", lines(wrong)),
      /60 of 60 solutions end in an answer that differs from their row's/,
    );
  });
});

describe("a recipe of init", () => {
  const ghpo = (...words: string[]) => {
    const main = join(ROOT, "trainer/main.ts");
    const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, main, ...words], {
      cwd: FOLDER,
      stdin: "ignore",
    });
    return { code: exitCode, out: stdout.toString(), err: stderr.toString() };
  };

  it("is trained by, and its comment names it as init was told", { timeout: 120_000 }, () => {
    writeByteModel(join(FOLDER, "bytes"));
    made("plain.csv");
    const init = ghpo("init", "own/mine.toml", "--data", "plain.csv", "--model", "bytes", "--json");
    assert.equal(init.code, 0, init.err);
    assert.match(
      readFileSync(join(FOLDER, "own/mine.toml"), "utf8"),
      / -- train own\/mine\.toml --dry-run$/m,
    );
    const small = ["--max_steps", "2", "--prompts_per_step", "2", "--num_generations", "2"];
    const lengths = ["--max_completion_length", "8", "--eval.count", "1", "--quiet"];
    const run = ghpo("train", "own/mine.toml", ...small, ...lengths);
    assert.match(run.out, /^Finished after step 2 of 2\./, run.err);
    // What is set apart is a task of the evaluator.
    assert.match(
      run.out,
      /^Next: npm run -s evaluate -- --model \S+ --benchmarks runs\/mine\/held_out\.toml$/m,
    );
    // sft sets the same rows apart, and says the same.
    writeFileSync(
      join(FOLDER, "sft.toml"),
      `model = "bytes"
output_dir = "runs/tuned"
seed = 42
[data]
path = "plain.csv"
columns = { text = "question", answer = "gold", trace = "rationale", level = "" }
held_out = 6
[prompt]
max_prompt_length = 400
[sft]
phases = [{ steps = 1, learning_rate = 1e-3 }]
examples_per_step = 2
`,
    );
    const tuned = ghpo("sft", "sft.toml", "--quiet");
    assert.match(
      tuned.out,
      /^Next: npm run -s evaluate .* --benchmarks runs\/tuned\/held_out\.toml$/m,
      tuned.err,
    );
    const [rows, same] = ["mine", "tuned"].map((name) =>
      readFileSync(join(FOLDER, `runs/${name}/held_out.jsonl`), "utf8")
    );
    assert.equal(same, rows);
    assert.match(readFileSync(join(FOLDER, "runs/tuned/held_out.toml"), "utf8"), /^max_tokens = \d+$/m);
    // Another run goes on from that run's checkpoint by its directory.
    const next = ghpo("train", "own/mine.toml", "--model", "runs/mine", "--output_dir", "o", "--dry-run");
    assert.equal(next.code, 0, next.err);
    const again = ghpo("init", "again.toml", "--data", "plain.csv", "--model", "runs/mine", "--json");
    assert.equal(again.code, 0, again.err);
    assert.match(next.out, /^model = "runs\/mine\/checkpoints\/step_000002"$/m);
  });

  it("may begin with a GGUF file", { timeout: 120_000 }, () => {
    writeByteModel(join(FOLDER, "whole"));
    exportGguf(join(FOLDER, "whole"), join(FOLDER, "m.gguf"), "q8_0");
    made("math.jsonl");
    const init = ghpo("init", "gguf.toml", "--data", "math.jsonl", "--model", "m.gguf", "--json");
    assert.equal(init.code, 0, init.err);
    const small = ["--max_steps", "1", "--prompts_per_step", "2", "--num_generations", "2"];
    const lengths = ["--max_completion_length", "8", "--eval.eval_every", "0", "--quiet"];
    const run = ghpo("train", "gguf.toml", ...small, ...lengths);
    assert.match(run.out, /^Finished after step 1 of 1\./, run.err);
    assert.ok(existsSync(join(FOLDER, "runs/gguf/checkpoints/step_000001/tokenizer.json")));
  });

  it("asks for columns that it does not find", async () => {
    const asked: string[] = [];
    const ask = (question: string, usual: string) => {
      asked.push(question);
      return Promise.resolve(usual === "" ? "answer=wert" : usual);
    };
    const path = join(FOLDER, "fragen.jsonl");
    writeFileSync(path, lines(own((r, i) => ({ frage: r.text, punkte: i % 2 + 1, wert: r.answer }))));
    const file = join(FOLDER, "asked.toml");
    await silently(() => writeRecipe(file, { data: path, model: ASCII, json: true }, ask));
    assert.match(asked.at(-1)!, /does not show whether punkte or wert is the answer: .*\nColumns, such as/);
    assert.equal(loadRecipe(TrainRecipeSchema, file, []).data.columns.answer, "wert");
    await assert.rejects(
      writeRecipe(file, { data: path, model: ASCII, json: true, force: true }, null),
      /whether punkte or wert is the answer/,
    );
  });

  it("is written as TOML alone", async () => {
    await assert.rejects(
      initCommand(join(FOLDER, "mine.json"), { json: true }),
      /Cannot write .*mine\.json as the recipe is written with its comments, as TOML: name it \.toml$/,
    );
  });
});

describe("choose()", () => {
  it("cuts hints at tokens where a stage of steps would show few problems more, and says so", async () => {
    const chosen = async (steps: number) => {
      const path = join(FOLDER, `steps-${steps}.jsonl`);
      const rows = own(({ text, answer }) => ({
        problem: text,
        solution: Array.from({ length: steps }, (_, i) => `This is line ${"abcdefgh"[i]} of it.`).join("\n"),
        answer,
      }));
      writeFileSync(path, lines(rows));
      const { cut, reasons } = await choose(path, ASCII, {});
      return [cut, reasons.find((reason) => reason.startsWith("hints"))];
    };
    assert.deepEqual(await chosen(2), [
      "token",
      "hints       cut at each token: at steps, stage 0.25 would show more in only 0 and stage 0.75 would show more " +
      "in only 0 of 60 solutions",
    ]);
    assert.deepEqual(await chosen(4), [
      "step",
      "hints       cut at each step: every stage shows more in at least a third of the solutions",
    ]);
  });

  it("cuts hints at steps where a tokenizer does not give the solutions back as they were", async () => {
    const file = join(FOLDER, "line_break.jsonl");
    const rows = Array.from({ length: 40 }, (_, i) => ({
      question: `${i}+1=`,
      answer: String(i + 1),
      solution: `${i}+1=${i + 1}\n#### ${i + 1}`,
    }));
    writeFileSync(file, lines(rows));
    const model = join(ROOT, "trainer/recipes/tiny-base");
    const recipe = await written(file, model);
    assert.equal(recipe.ghpo.hint_cut, "step");
    const { reasons } = await choose(file, model, {});
    assert.match(
      reasons.find((reason) => reason.startsWith("hints"))!,
      /^hints {7}cut at each step: at steps, stage 0\.25 would show more in only 0 .* of 40 solutions; hints cannot be cut at tokens .* does not give back "#" in /,
    );
  });

  it("says what it chose and why", async () => {
    const path = made("math.jsonl");
    const { reasons, style } = await choose(path, ASCII, {});
    assert.deepEqual([style.format, style.functions], [null, ["accuracy"]]);
    assert.match(reasons.join("\n"), /^data {8}60 problems, 60 with a solution$/m);
    assert.match(reasons.join("\n"), /^answers {5}in \\boxed\{\}, graded by strict/m);
    assert.match(reasons.join("\n"), /^held out {4}6 problems/m);
  });
});
