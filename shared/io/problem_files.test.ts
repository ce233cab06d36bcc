import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { gzipSync } from "node:zlib";
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
        columns: { reward_model: { ground_truth: "4" } },
        source: "problems",
      },
      {
        id: "b",
        text: "What is 3*4?",
        answer: "12",
        trace: null,
        level: 2,
        columns: { reward_model: { ground_truth: "12" } },
        source: "problems",
      },
    ]);
    assert.deepEqual(errors, [
      {
        file: FIXTURE,
        line: 3,
        reason: "it has no problem",
      },
      { file: FIXTURE, line: 4, reason: 'its id "a" is also that of line 1' },
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

describe("Parquet", () => {
  const path = fileURLToPath(new URL("fixtures/exact_numbers.parquet", import.meta.url).href);
  const golds = {
    float16: ["0.1", "-2.5", "65504"],
    float32: ["0.1", "16777216", "1e-30"],
    float64: ["0.1", "42", "1e+300"],
    int64: ["9007199254740993", "-1", "0"],
    uint64: ["12345678901234567890", "1", "0"],
    decimal5: ["3.30", "-0.05", "0.00"],
    decimal15: ["123456789012.345", "-1.000"],
    decimal38: ["12345678901234567890.123", "-7.000"],
    decimal60: [`1${"0".repeat(50)}`, "-1"],
    "list.0": ["0.1"],
    "nested.gold": ["1.10"],
    bytes: ["text", "é"],
  };
  for (const [answer, expected] of Object.entries(golds)) {
    it(`${answer} is what was written`, async () => {
      const columns = { id: "", text: "float64", answer, trace: "", level: "" };
      const { problems, errors } = await readProblems(path, "parquet", columns);
      assert.deepEqual(problems.map((problem) => problem.answer), expected);
      assert.equal(problems.length + errors.length, 3);
    });
  }
});

describe("text files", () => {
  const rows = [{ q: "1+1", a: "2" }, { q: 'He said "x, y"\nand left, 3+4', a: "7" }];
  const own = { id: "", text: "q", answer: "a", trace: "", level: "" };
  const lines = rows.map((row) => JSON.stringify(row)).join("\n");
  const csv = (separator: string) =>
    `q${separator}a\n1+1${separator}2\n"He said ""x, y""\nand left, 3+4"${separator}7\n`;
  const files: [name: string, content: string | Uint8Array][] = [
    ["lines.jsonl", lines],
    ["dos.jsonl", lines.replaceAll("\n", "\r\n") + "\r\n"],
    ["bom.jsonl", `\uFEFF${lines}`],
    ["list.json", JSON.stringify(rows, null, 2)],
    ["list.jsonl", JSON.stringify(rows)],
    ["x.csv", csv(",")],
    ["bom.csv", `\uFEFF${csv(",")}`],
    ["semicolon.csv", csv(";")],
    ["dos.csv", csv(",").replace(/\n(?!and)/g, "\r\n")],
    ["x.tsv", csv("\t")],
    ["lines.jsonl.gz", gzipSync(lines)],
    ["members.jsonl.gz", Buffer.concat(lines.split("\n").map((line) => gzipSync(line + "\n")))],
    ["list.json.gz", gzipSync(JSON.stringify(rows))],
    ["x.csv.gz", gzipSync(csv(","))],
    ["unnamed", gzipSync(lines)],
  ];
  for (const [name, content] of files) {
    it(`${name} is read`, () =>
      inFolder(async (folder) => {
        writeFileSync(join(folder, name), content);
        const { problems, errors } = await readProblems(join(folder, name), "jsonl", own);
        assert.deepEqual(errors, []);
        assert.deepEqual(problems.map(({ text, answer }) => ({ q: text, a: answer })), rows);
      }));
  }

  it("leaves out broken lines, the first too, and takes a file of one row", () =>
    inFolder(async (folder) => {
      const path = join(folder, "broken.jsonl");
      writeFileSync(path, `\n{"q":"0+1","a\n${lines.replace("\n", "\n\n{oops\n")}\n`);
      const { problems, errors } = await readProblems(path, "jsonl", own);
      assert.deepEqual(errors.map(({ line, reason }) => [line, reason]), [
        [2, "it is not valid JSON"],
        [5, "it is not valid JSON"],
      ]);
      assert.equal(problems.length, 2);
      writeFileSync(path, '{"q":"1+1","a":"2","chat":[{"role":"user","content":"1+1"}]}');
      assert.equal((await readProblems(path, "jsonl", own)).problems.length, 1);
    }));

  const refused: [name: string, content: string | Uint8Array, message: RegExp][] = [
    [
      "latin1.jsonl",
      Buffer.from('{"q":"1","a":"2"}\n{"q":"caf\xe9","a":"1"}', "latin1"),
      /line 2 is not UTF-8 but probably Latin-1 \(ISO-8859-1\): convert it/,
    ],
    [
      "cp1252.jsonl",
      Buffer.from('{"q":"\x93x\x94","a":"1"}', "latin1"),
      /line 1 is not UTF-8 but probably Windows-1252/,
    ],
    ["utf16.jsonl", Buffer.from("\uFEFF" + lines, "utf16le"), /it is UTF-16 and must be UTF-8/],
    ["x.zip", "PK\x03\x04xx", /it is a zip archive: unpack it first$/],
    ["lfs.jsonl", "version https://git-lfs.github.com/spec/v1\n", /it is a Git LFS pointer/],
    ["cut.jsonl.gz", gzipSync(lines.repeat(99)).subarray(0, 60), /its gzip data is damaged/],
    ["open.json", "[{}, {", /its list is not closed$/],
    [
      "wrapped.json",
      JSON.stringify({ version: 1, data: rows }, null, 1),
      /it is one JSON object and must be a list of rows, or have one row a line: its member "data" is such a list/,
    ],
    ["wrapped.jsonl", JSON.stringify({ rows }), /its member "rows" is such a list/],
    ["columns.json", '{"q":["1+1","2+2"],"a":[2,4]}', /it holds a list for each column \(q, a\)$/],
    ["object.json", '{\n"q": "1+1",\n"a": 2\n}', /it is one JSON object and must be a list of rows/],
    ["twice.csv", "q,q\n1,2\n", /it has two columns "q"$/],
    ["quote.csv", 'q,a\n1,2\n"3,4\n', /it is not CSV from line 3 on/],
    ["empty.csv", "", /its first line names no columns$/],
  ];
  for (const [name, content, message] of refused) {
    it(`${name} is refused`, () =>
      inFolder(async (folder) => {
        const path = join(folder, name);
        writeFileSync(path, content);
        await assert.rejects(readProblems(path, "jsonl", own), message);
      }));
  }

  it("a quote within a cell of CSV is a quote", () =>
    inFolder(async (folder) => {
      const path = join(folder, "x.tsv");
      writeFileSync(path, 'q\ta\nHe said "1+1" to me\t2\n5" pipe\t3\n');
      const { problems } = await readProblems(path, "jsonl", own);
      assert.deepEqual(problems.map(({ text }) => text), ['He said "1+1" to me', '5" pipe']);
    }));

  it("a ragged row of CSV is an error of that row", () =>
    inFolder(async (folder) => {
      const path = join(folder, "x.csv");
      writeFileSync(path, "q,a\n1,2\n\n1,2,3\n3,4\n");
      const { problems, errors } = await readProblems(path, "jsonl", own);
      assert.equal(problems.length, 2);
      assert.deepEqual(errors, [{ file: path, line: 4, reason: "it has 3 cells and the header 2" }]);
    }));

  it("several files and patterns are one data set, with ids that tell them apart", () =>
    inFolder(async (folder) => {
      for (const name of ["a/train.jsonl", "b/train.jsonl", "b/more.jsonl"]) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), JSON.stringify({ q: name, a: 1 }));
      }
      const read = async (paths: string | string[], columns = own) =>
        await readProblems(paths, "jsonl", columns);
      const { problems } = await read([join(folder, "b/more.jsonl"), join(folder, "*/*.jsonl")]);
      assert.deepEqual(problems.map(({ text }) => text), ["b/more.jsonl", "a/train.jsonl", "b/train.jsonl"]);
      assert.deepEqual(new Set(problems.map(({ id }) => id)).size, 3);
      await assert.rejects(
        read(join(folder, "*.csv")),
        /^Error: Cannot read .*\*\.csv as no file has such a name$/,
      );
      const { errors } = await read(join(folder, "*", "train.jsonl"), { ...own, id: "a" });
      assert.match(errors[0]!.reason, /^its id "1" is also that of line 1 of .*a.train\.jsonl$/);
    }));
});
