// One row in a hundred of a large file is broken: named with its line, and left out only when asked to.

import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "#shared/schemas/parse.ts";
import { TrainRecipeSchema } from "#shared/schemas/recipe.ts";
import { trainingProblems } from "../data.ts";
import { removeTemporary, temporary } from "./harness.ts";

const ROWS = 20_000;
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
        : JSON.stringify({ problem: `What is ${i}+1?`, answer: String(i + 1), solution: `${i}+1=${i + 1}` }),
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
      /Cannot read .*large\.jsonl:100 as it has no answer \(and 199 more rows do not fit\)$/,
    );
  });

  it("gives its good rows when asked to, and reports every line that it left out", async () => {
    const skipped: number[] = [];
    const problems = await trainingProblems(recipe(file(), true), (errors) => {
      skipped.push(...errors.map(({ line }) => line));
    });
    assert.equal(problems.length, ROWS - ROWS / 100);
    assert.deepEqual(skipped, Array.from({ length: ROWS / 100 }, (_, i) => 100 * (i + 1)));
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
