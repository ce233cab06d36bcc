// One row in a hundred of a large file is broken: named with its line, and left out only when asked to.

import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "#shared/schemas/parse.ts";
import { trainingProblems } from "../loop/data.ts";
import { removeTemporary, temporary } from "./harness.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";
import { ghpo } from "../commands/testing.ts";

const ROWS = 20_000;
const BROKEN_LINES = Array.from({ length: ROWS / 100 }, (_, i) => 100 * (i + 1));
const BROKEN = [
  '{"problem": "1+1',
  '{"problem": "1+1"}',
  '["no object"]',
  '{"problem": 1, "answer": {"a": 1}}',
];

afterEach(removeTemporary);

/** A file whose every hundredth line is broken in one of four ways. */
function file(): string {
  const path = join(temporary(), "large.jsonl");
  const rows = Array.from(
    { length: ROWS },
    (_, i) =>
      (i + 1) % 100 === 0
        ? BROKEN[((i + 1) / 100) % 4]!
        : JSON.stringify({ problem: `Compute ${i}+1`, answer: String(i + 1), solution: `${i}+1=${i + 1}` }),
  );
  writeFileSync(path, rows.join("\n") + "\n");
  return path;
}

const recipe = (path: string, skip_malformed: boolean) =>
  parse(TrainRecipeSchema, { model: "m", output_dir: "o", data: { path, skip_malformed } }, "recipe");

describe("a file with broken rows", () => {
  it("is refused by default, with the first line and the number of the others", async () => {
    const path = file();
    await assert.rejects(
      trainingProblems(recipe(path, false)),
      /Cannot read .*large\.jsonl:100 as it has no answer: its columns are problem \(and 199 more rows do not fit\)$/,
    );
  });

  it("gives its good rows when asked to, and reports every line that it left out", async () => {
    const skipped: number[] = [];
    const problems = await trainingProblems(recipe(file(), true), (errors) => {
      skipped.push(...errors.map(({ line }) => line));
    });
    assert.equal(problems.length, ROWS - ROWS / 100);
    assert.deepEqual(skipped, BROKEN_LINES);
  });

  it("is refused all the same when no row is good", async () => {
    const path = join(temporary(), "bad.jsonl");
    writeFileSync(path, '{"problem": 1}\n');
    await assert.rejects(
      trainingProblems(recipe(path, true)),
      /Cannot read .*bad\.jsonl:1 as it has no answer/,
    );
  });
});

describe("a run on such a file", () => {
  const COMMANDS = {
    train: ["demo", "--train.max_steps", "1", "--train.prompts_per_step", "2"],
    sft: [
      "tiny-sft",
      "--sft.phases",
      "[{ steps = 1, learning_rate = 1e-3 }]",
      "--sft.examples_per_step",
      "2",
    ],
  };
  for (const [verb, words] of Object.entries(COMMANDS)) {
    it(`by ${verb} ends before it begins, or names the lines and counts them`, { timeout: 60_000 }, () => {
      const path = file();
      const run = join(temporary(), "run");
      const settings = [
        "--output_dir",
        run,
        "--data.families",
        "[]",
        "--data.path",
        path,
        "--eval.eval_every",
        "0",
      ];
      const refused = ghpo(verb, ...words, ...settings);
      assert.match(
        refused.err,
        /^error: Cannot read .*large\.jsonl:100 as .* \(and 199 more rows do not fit\)\n$/,
      );
      assert.equal(existsSync(run), false);
      const { code, out, err } = ghpo(verb, ...words, ...settings, "--data.skip_malformed", "true");
      assert.equal(code, 0, err);
      assert.match(
        err,
        /large\.jsonl:100 is left out as it has no answer: its columns are problem\n.*large\.jsonl:200 is left out/,
      );
      assert.match(err, /\.\.\. and 195 more rows; check-data with --json lists them all/);
      assert.match(out, /^ {2}left out {4}200 rows of .*large\.jsonl$/m);
      const all = JSON.parse(ghpo("check-data", words[0]!, ...settings, "--json").out);
      assert.deepEqual(all.errors.map(({ line }: { line: number }) => line), BROKEN_LINES);
    });
  }
});
