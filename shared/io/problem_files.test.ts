import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { readProblems } from "./problem_files.ts";

const FIXTURE = fileURLToPath(new URL("fixtures/problems.parquet", import.meta.url).href);
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

describe("published data", () => {
  const folder = join(
    process.env["GHPO_SHARED"] ?? fileURLToPath(new URL("../../../shared", import.meta.url).href),
    "data",
  );
  const skip = existsSync(folder) ? false : `no folder ${folder}: set GHPO_SHARED to run this`;

  it("GSM8K and MATH-500 are read to the last row", { skip }, async () => {
    const rows = async (name: string, format: "gsm8k" | "math") => {
      const { problems, errors } = await readProblems(join(folder, `${name}.jsonl`), format, columns);
      assert.deepEqual(errors, []);
      for (const { id, trace } of problems) {
        assert.equal(trace?.steps.join("") ?? null, trace?.text ?? null, id);
      }
      return problems;
    };
    const train = await rows("gsm8k-train", "gsm8k");
    assert.equal(train.length, 7473);
    assert.ok(train.every(({ answer }) => /^-?\d+(\.\d+)?$/.test(answer)));
    assert.ok(train.every(({ trace }) => trace !== null && !/<<|####/.test(trace.text)));
    const math = await rows("math500", "math");
    assert.equal(math.length, 500);
    assert.ok(math.every(({ level }) => level !== null && level >= 1 && level <= 5));
    assert.ok((await rows("aime25", "math")).every(({ trace }) => trace === null));
  });
});
