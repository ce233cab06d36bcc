import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readProblems } from "./problem_files.ts";

const FIXTURE = fileURLToPath(new URL("fixtures/problems.parquet", import.meta.url));
const columns = { id: "uid", text: "problem", answer: "answer", trace: "solution", level: "difficulty" };

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-data-"));
  try {
    await test(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("readProblems()", () => {
  it("reads Parquet with uncompressed, Snappy, gzip and Zstandard columns, nulls and duplicate ids", async () => {
    const { problems, errors } = await readProblems(FIXTURE, "parquet", columns);
    assert.deepEqual(problems, [
      {
        id: "a",
        text: "What is 2+2?",
        answer: "4",
        trace: { text: "Two and two. So it is 4.", steps: ["Two and two. ", "So it is 4."] },
        level: 1,
        source: "problems",
      },
      { id: "b", text: "What is 3*4?", answer: "12", trace: null, level: 2, source: "problems" },
    ]);
    assert.deepEqual(errors, [
      { line: 3, reason: "it has no problem" },
      { line: 4, reason: 'its id "a" is also that of line 1' },
    ]);
  });

  it("reads a nested column", async () => {
    const nested = { ...columns, id: "", answer: "reward_model.ground_truth" };
    const { problems } = await readProblems(FIXTURE, "parquet", nested);
    assert.deepEqual(problems.map(({ id, answer }) => [id, answer]), [
      ["problems:1", "4"],
      ["problems:2", "12"],
      ["problems:4", "0"],
    ]);
  });

  it("refuses a damaged Parquet file in one sentence", () =>
    inFolder(async (folder) => {
      const path = join(folder, "x.parquet");
      for (const size of [0, 3, 100, 1500]) {
        writeFileSync(path, readFileSync(FIXTURE).subarray(0, size));
        await assert.rejects(readProblems(path, "parquet", columns), {
          name: "SyntaxError",
          message: /^Cannot read .*x\.parquet as it is not a readable Parquet file: /,
        });
      }
    }));

  it("reads JSON Lines in all three formats, the source named after the file", () =>
    inFolder(async (folder) => {
      const path = join(folder, "set.jsonl");
      const row = { question: "q", answer: "x\n#### 3", problem: "p", solution: "y \\boxed{4}" };
      writeFileSync(path, `${JSON.stringify(row)}\n`);
      const read = async (format: "gsm8k" | "math" | "jsonl") => {
        const { problems } = await readProblems(path, format, { ...columns, answer: "" });
        return problems.map(({ id, text, answer }) => [id, text, answer]);
      };
      assert.deepEqual(await read("gsm8k"), [["set:1", "q", "3"]]);
      assert.deepEqual(await read("jsonl"), [["set:1", "p", "4"]]);
      const onlyBox = { problem: "p", solution: row.solution };
      writeFileSync(path, JSON.stringify(onlyBox));
      assert.deepEqual(await read("math"), [["set:1", "p", "4"]]);
    }));

  it("says that a file does not exist", async () => {
    await assert.rejects(readProblems("/nonexistent/x.jsonl", "gsm8k", columns), {
      message: "Cannot read /nonexistent/x.jsonl as it does not exist",
    });
  });
});
