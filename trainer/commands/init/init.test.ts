// init on a dozen files of our own making, and on GSM8K: a recipe under which the reference solutions earn full marks,
// or one sentence.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { initFolder, provesItself } from "./init_folder.testing.ts";
import { ROOT } from "../testing.ts";
import { preflightOf } from "../../preflight/recipe.ts";
import type { TrainRecipe } from "../../run/train_recipe.ts";
import { writeByteModel } from "./models.testing.ts";
import { FILES, lines, own, tinyRows } from "./testing.ts";

const { folder, ascii, made, written } = initFolder();

describe("init --data", () => {
  for (const [name, [, expected]] of Object.entries(FILES)) {
    it(`${name}: full marks for the reference solutions`, async () => {
      const path = made(name);
      const recipe = await written(
        path,
        ascii,
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
    const path = join(folder, "tiny.jsonl");
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
      const model = join(folder, `no-system-${what}`);
      cpSync(ascii, model, { recursive: true });
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
    const base = join(folder, "base");
    cpSync(ascii, base, { recursive: true });
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
      const model = join(folder, "qwen");
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

  it("says in one sentence what it cannot use", async () => {
    const refused = async (data: string, message: RegExp, model = ascii, options = {}) =>
      await assert.rejects(written(data, model, options), message);
    const file = (name: string, content: string) => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    await refused(join(folder, "none.jsonl"), /^Error: Cannot read .*none\.jsonl as it does not exist$/);
    await refused(
      folder,
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
    await refused(good, /has no column "quest": its columns are question, gold, rationale/, ascii, {
      columns: "text=quest",
    });
    await refused(good, /"txt=question" must be one of text, answer, trace, level, id/, ascii, {
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
    const bare = join(folder, "bare");
    cpSync(ascii, bare, { recursive: true });
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
