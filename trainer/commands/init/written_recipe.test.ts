// What can be done with a recipe that init wrote, as its comments say.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { initFolder, silently } from "./init_folder.testing.ts";
import { ghpoIn } from "../testing.ts";
import { loadRecipe } from "../../run/recipe.ts";
import { TrainRecipeSchema } from "../../run/train_recipe.ts";
import { exportGguf } from "../../gguf/export_gguf.ts";
import { initCommand, writeRecipe } from "./init.ts";
import { writeByteModel } from "./models.testing.ts";
import { lines, own } from "./testing.ts";

const { folder, ascii, made } = initFolder();

describe("a recipe of init", () => {
  const ghpo = (...words: string[]) => ghpoIn(folder, words);

  it("is trained by, and its comment names it as init was told", { timeout: 120_000 }, () => {
    writeByteModel(join(folder, "bytes"));
    made("plain.csv");
    const init = ghpo("init", "own/mine.toml", "--data", "plain.csv", "--model", "bytes", "--json");
    assert.equal(init.code, 0, init.err);
    assert.match(
      readFileSync(join(folder, "own/mine.toml"), "utf8"),
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
      join(folder, "sft.toml"),
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
      readFileSync(join(folder, `runs/${name}/held_out.jsonl`), "utf8")
    );
    assert.equal(same, rows);
    assert.match(readFileSync(join(folder, "runs/tuned/held_out.toml"), "utf8"), /^max_tokens = \d+$/m);
    // Another run goes on from that run's checkpoint by its directory.
    const next = ghpo("train", "own/mine.toml", "--model", "runs/mine", "--output_dir", "o", "--dry-run");
    assert.equal(next.code, 0, next.err);
    const again = ghpo("init", "again.toml", "--data", "plain.csv", "--model", "runs/mine", "--json");
    assert.equal(again.code, 0, again.err);
    assert.match(next.out, /^model = "runs\/mine\/checkpoints\/step_000002"$/m);
  });

  it("may begin with a GGUF file", { timeout: 120_000 }, () => {
    writeByteModel(join(folder, "whole"));
    exportGguf(join(folder, "whole"), join(folder, "m.gguf"), "q8_0");
    made("math.jsonl");
    const init = ghpo("init", "gguf.toml", "--data", "math.jsonl", "--model", "m.gguf", "--json");
    assert.equal(init.code, 0, init.err);
    const small = ["--max_steps", "1", "--prompts_per_step", "2", "--num_generations", "2"];
    const lengths = ["--max_completion_length", "8", "--eval.eval_every", "0", "--quiet"];
    const run = ghpo("train", "gguf.toml", ...small, ...lengths);
    assert.match(run.out, /^Finished after step 1 of 1\./, run.err);
    assert.ok(existsSync(join(folder, "runs/gguf/checkpoints/step_000001/tokenizer.json")));
  });

  it("asks for columns that it does not find", async () => {
    const asked: string[] = [];
    const ask = (question: string, usual: string) => {
      asked.push(question);
      return Promise.resolve(usual === "" ? "answer=wert" : usual);
    };
    const path = join(folder, "fragen.jsonl");
    writeFileSync(path, lines(own((r, i) => ({ frage: r.text, punkte: i % 2 + 1, wert: r.answer }))));
    const file = join(folder, "asked.toml");
    await silently(() => writeRecipe(file, { data: path, model: ascii, json: true }, ask));
    assert.match(asked.at(-1)!, /does not show whether punkte or wert is the answer: .*\nColumns, such as/);
    assert.equal(loadRecipe(TrainRecipeSchema, file, []).data.columns.answer, "wert");
    await assert.rejects(
      writeRecipe(file, { data: path, model: ascii, json: true, force: true }, null),
      /whether punkte or wert is the answer/,
    );
  });

  it("is written as TOML alone", async () => {
    await assert.rejects(
      initCommand(join(folder, "mine.json"), { json: true }),
      /Cannot write .*mine\.json as the recipe is written with its comments, as TOML: name it \.toml$/,
    );
  });
});
