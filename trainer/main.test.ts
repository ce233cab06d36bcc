import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ghpo, ghpoWith } from "./commands/testing.ts";

describe("ghpo", () => {
  it("names the nearest command", () => {
    assert.match(ghpo("dashbord").err, /Did you mean dashboard\?/);
  });

  it("has a help for every command", () => {
    const { code, out } = ghpo("--help");
    assert.equal(code, 0);
    for (const verb of ["train", "sft", "generate", "demo", "check-data", "study", "dashboard", "doctor"]) {
      assert.match(out, new RegExp(`^  ${verb}`, "m"));
      const help = ghpo(verb, "--help");
      assert.equal(help.code, 0);
      assert.match(help.out, /--json/);
    }
  });

  it("prints a resolved recipe with --dry-run and touches nothing", () => {
    const { out } = ghpo("train", "paper", "--dry-run", "--json", "--optimizer.learning_rate", "2e-6");
    const recipe = JSON.parse(out);
    assert.equal(recipe.optimizer.learning_rate, 2e-6);
    assert.deepEqual(recipe.ghpo.hint_stages, [0.25, 0.5, 0.75]);
    assert.equal(recipe.train.max_steps, 163);
    const own = ghpo("train", "demo", "--dry-run");
    assert.deepEqual([own.err, own.code], ["", 0]);
  });

  it("names with --dry-run all that is wrong first, and exits 1", { timeout: 60_000 }, () => {
    const missing = ghpo("train", "paper", "--dry-run", "--model", "nowhere", "--data.path", "none.parquet");
    assert.equal(missing.code, 1);
    assert.equal(
      missing.err,
      "problem: nowhere/config.json does not exist\nproblem: nowhere/tokenizer.json does not exist\n" +
        "problem: Cannot read none.parquet as it does not exist\n",
    );
    assert.match(missing.out, /^model = "nowhere"$/m);
    const refused = (message: RegExp, ...settings: string[]) => {
      const { code, err } = ghpo("train", "demo", "--dry-run", ...settings);
      assert.equal(code, 1, settings.join(" "));
      assert.match(err, message);
    };
    refused(/^problem: Cannot use reward\.preset "x" as no grader/m, "--reward.preset", "x");
    refused(/^problem: Cannot load the reward function x\.ts/m, "--reward", '["accuracy", "x.ts"]');
    refused(/^problem: .*This model has no system turn$/m, "--prompt.system", "ghpo");
    refused(
      /^problem: .*tiny cannot be loaded as it has neither model\.safetensors nor model\.safetensors\.index\.json$/m,
      "--model",
      "trainer/recipes/tiny",
    );
    refused(/^problem: all prompts are longer than 4 tokens/m, "--prompt.max_prompt_length", "4");
    refused(/no tokens for 2048 of 2048 solutions .* as for "<think>/, "--reward.format", "think_answer");
  });

  it("says one sentence on stderr and exits 1 for what it cannot read", () => {
    const refused = (args: string[], message: RegExp) => {
      const { code, out, err } = ghpo(...args);
      assert.equal(code, 1, args.join(" "));
      assert.equal(out, "");
      assert.match(err, message);
    };
    refused(["train", "demo", "--train.max_step", "5"], /^error: .*train.max_step is unknown.*max_steps\n$/);
    refused(
      ["train", "demo", "--generation.num_generations", "1"],
      /num_generations must be >= 2: current value is 1/,
    );
    refused(["train", "demos"], /^error: Cannot find the recipe demos: .*nearest is demo\)\n$/);
    refused(["trian"], /unknown command 'trian'[\s\S]*train/);
    refused(["train", "demo", "--model", "nowhere"], /^error: Cannot read nowhere.*does not exist\n$/);
    refused(
      ["train", "demo", "--data.families", "[]", "--data.path", "none.jsonl"],
      /none\.jsonl as it does not exist/,
    );
    refused(["generate", "--model", "x"], /exactly one of --prompt and --prompt-ids/);
    refused(
      ["generate", "--model", "x", "--prompt-ids", ""],
      /the flags as --prompt-ids must name at least one/,
    );
    refused(
      ["generate", "--model", "trainer/recipes/tiny-base", "--prompt", "Où vas-tu?"],
      /Cannot continue the prompt as the tokenizer does not know "Où" in it and would read <unk> instead/,
    );
    refused(
      ["generate", "--model", "trainer/recipes/tiny-base", "--prompt", "", "--raw"],
      /Cannot generate as the prompt must have at least one token/,
    );
    refused(["generate", "--model", "x", "--prompt-ids", "1,a"], /the flags as --prompt-ids must be/);
  });

  it("says one sentence for a flag without its value and for a recipe that is a folder", () => {
    for (const args of [["demo", "--max_steps"], [tmpdir()]]) {
      for (const verb of ["train", "sft"]) {
        const { code, out, err } = ghpo(verb, ...args);
        assert.deepEqual([code, out], [1, ""]);
        assert.match(err, /^error: Cannot [^\n]*\n$/);
      }
    }
  });

  it("says what to do when no adapter answers", (t) => {
    if (process.platform !== "linux") return t.skip("drivers can be hidden from a process on Linux only");
    const none = { VK_DRIVER_FILES: "/nonexistent.json", VK_ICD_FILENAMES: "/nonexistent.json" };
    const { code, out, err } = ghpoWith(
      none,
      "sft",
      "tiny-sft",
      "--quiet",
      "--output_dir",
      "/nonexistent/run",
    );
    assert.equal(code, 1);
    assert.equal(out, "");
    assert.match(err, /^error: Cannot open a GPU as no usable WebGPU adapter was found: install /m);
  });

  it("reports what is wrong with training data, overlap with the evaluation failing", () => {
    const clean = ghpo("check-data", "demo", "--json", "--data.count", "200");
    assert.equal(clean.code, 0, clean.err);
    const report = JSON.parse(clean.out);
    assert.deepEqual([report.problems, report.overlaps, report.errors], [200, [], []]);

    const folder = mkdtempSync(join(tmpdir(), "ghpo-check-"));
    try {
      const row = {
        problem: "What is 1 + 1 when both are counted twice?",
        answer: "4",
        solution: "It is 4.\nSo 4",
      };
      const rows = [row, row, { problem: "Two?" }];
      writeFileSync(join(folder, "train.jsonl"), rows.map((r) => JSON.stringify(r)).join("\n"));
      writeFileSync(join(folder, "test.jsonl"), JSON.stringify({ ...row, solution: undefined }));
      const own = ["--data.families", "[]", "--data.path", join(folder, "train.jsonl")];
      const found = ghpo("check-data", "demo", ...own, "--benchmark", join(folder, "test.jsonl"));
      assert.equal(found.code, 1);
      assert.match(found.out, /rows that do not fit: 1\n {2}.*train\.jsonl:3: it has no answer/);
      assert.match(found.out, /duplicates: 1\n {2}train:2 is train:1/);
      assert.match(found.out, /show the answer early: 2\n {2}train:1, step 1/);
      assert.match(found.out, /overlaps with a benchmark: 2\n {2}train:1 and test\.jsonl test:1: "what is 1/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
