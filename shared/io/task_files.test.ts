// Benchmarks in every layout that people have them in, your own by a task file, and what is refused before the first
// request.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { gsm8k } from "#shared/tasks/gsm8k.ts";
import { math500 } from "#shared/tasks/math500.ts";
import { loadTaskFile, loadTrainingTask, readBenchmark } from "./task_files.ts";

const folder = mkdtempSync(join(tmpdir(), "tasks-"));
after(() => rmSync(folder, { recursive: true }));

/** Writes files below a new folder and returns it. */
function written(files: Record<string, string | Uint8Array>): string {
  const place = mkdtempSync(join(folder, "x"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(place, name)), { recursive: true });
    writeFileSync(join(place, name), content);
  }
  return place;
}

const rows = [{ question: "1+1?", answer: "1+1=<<1+1=2>>2\n#### 2" }, {
  question: "2+2?",
  answer: "#### 1,004",
}];
const lines = rows.map((row) => JSON.stringify(row) + "\n").join("");
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

describe("a published benchmark", () => {
  const layouts: Record<string, Record<string, string | Uint8Array>> = {
    "its own file": { "gsm8k-test.jsonl": lines },
    "a byte order mark and CRLF": { "gsm8k-test.jsonl": "\uFEFF" + lines.replaceAll("\n", "\r\n") },
    "a JSON array": { "gsm8k-test.json": JSON.stringify(rows, null, 2) },
    "gzip under the benchmark's name": { "gsm8k.jsonl.gz": gzipSync(lines) },
    "CSV": {
      "gsm8k.csv": "question,answer\n" +
        rows.map((row) => `${quoted(row.question)},${quoted(row.answer)}\n`).join(""),
    },
    "rows of datasets-server": {
      "gsm8k.json": JSON.stringify({
        features: [],
        rows: rows.map((row, i) => ({ row_idx: i, row, truncated_cells: [] })),
      }),
    },
    "several files in a folder": {
      "gsm8k/part-0.jsonl": JSON.stringify(rows[0]) + "\n",
      "gsm8k/part-1.jsonl": JSON.stringify(rows[1]) + "\n",
    },
  };
  for (const [name, files] of Object.entries(layouts)) {
    it(`is read from ${name}`, async () => {
      const notices: string[] = [];
      const problems = await readBenchmark(gsm8k, { data: written(files) }, (text) => notices.push(text));
      assert.deepEqual(problems.map(({ id, text, answer }) => [id, text, answer]), [
        ["gsm8k/0", "1+1?", "2"],
        ["gsm8k/1", "2+2?", "1004"],
      ]);
      assert.equal(problems[0]?.solution, "1+1=2");
      assert.match(notices[0] ?? "", /has 2 problems, the published benchmark 1319$/);
    });
  }

  it("is read from a pattern that --data names", async () => {
    const place = written({ "a/one.jsonl": JSON.stringify(rows[0]), "b/two.jsonl": JSON.stringify(rows[1]) });
    assert.equal((await readBenchmark(gsm8k, { data: join(place, "*/*.jsonl") })).length, 2);
  });

  it("is read from the MATH folder, a file a problem with levels such as Level 5", async () => {
    const problem = (i: number) =>
      JSON.stringify(
        {
          problem: `P${i}`,
          level: i === 1 ? "Level ?" : "Level 5",
          type: "Algebra",
          solution: `\\boxed{${i}}`,
        },
        null,
        4,
      );
    const data = written({ "math500/algebra/1.json": problem(1), "math500/algebra/2.json": problem(2) });
    assert.deepEqual(
      (await readBenchmark(math500, { data })).map(({ id, answer, level }) => [id, answer, level]),
      [
        ["algebra/1", "1", null],
        ["algebra/2", "2", 5],
      ],
    );
  });

  it("is read from other columns by their names", async () => {
    const data = written({ "gsm8k.jsonl": '{"q":"1+1?","gold":{"value":2},"n":7}\n' });
    const columns = { id: "n", text: "q", answer: "gold.value", solution: "", level: "" };
    assert.deepEqual(
      (await readBenchmark(gsm8k, { data, columns })).map(({ id, text, answer }) => [id, text, answer]),
      [
        ["7", "1+1?", "2"],
      ],
    );
  });

  it("names file and row of what does not fit, and an id that appears twice", async () => {
    const missing = written({ "gsm8k-test.jsonl": lines + '{"question":"x"}\n' });
    await assert.rejects(
      readBenchmark(gsm8k, { data: missing }),
      /gsm8k-test.jsonl:3 as it has no answer: its columns are/,
    );
    const twice = written({
      "math500.jsonl":
        '{"problem":"P","answer":"1","level":1,"unique_id":"a"}\n{"problem":"Q","answer":"2","level":2,"unique_id":"a"}\n',
    });
    await assert.rejects(
      readBenchmark(math500, { data: twice }),
      /:2 as its id "a" is also that of .*math500.jsonl:1/,
    );
    await assert.rejects(
      readBenchmark(gsm8k, { data: written({}) }),
      /does not exist; run `npm run -s evaluate -- download gsm8k`/,
    );
  });
});

describe("a task file", () => {
  const data = {
    "mine.csv": "key,frage,lösung,stufe\na,1+1?,2,Level 1\nb,2+2?,4,hard\n",
    "more.jsonl": '{"key":"c","frage":"3+3?","lösung":["6"],"stufe":2}\n',
  };
  const toml = `name = "mine"
files = ["*.csv", "more.jsonl"]
columns = { id = "key", text = "frage", answer = "lösung", level = "stufe" }
prompt = "Rechne: {question}"
system = "Kurz."
grader = "strict"
samples = 4
temperature = 0.5
`;

  it("of ten lines is a benchmark", async () => {
    const task = await loadTaskFile(join(written({ ...data, "mine.toml": toml }), "mine.toml"));
    assert.deepEqual(task.problems.map(({ id, text, answer, level }) => [id, text, answer, level]), [
      ["a", "1+1?", "2", 1],
      ["b", "2+2?", "4", "hard"],
      ["c", "3+3?", "6", 2],
    ]);
    assert.deepEqual([task.name, task.samples, task.verify, task.sampling.temperature], [
      "mine",
      4,
      "strict",
      0.5,
    ]);
    assert.deepEqual(task.prompt(task.problems[0]!), {
      messages: [{ role: "system", content: "Kurz." }, { role: "user", content: "Rechne: 1+1?" }],
    });
  });

  it("may be one of lettered options, the answer a letter, an index or an option", async () => {
    const rows = [
      { question: "Prime?", options: ["4", "7"], answer: "B" },
      { question: "Prime?", options: { text: ["9", "5"], label: ["A", "B"] }, answer: 1 },
      { question: "Even?", options: ["x", "y"], answer: "x" },
    ];
    const place = written({
      "m.jsonl": rows.map((row) => JSON.stringify(row) + "\n").join(""),
      "m.toml": 'name = "m"\nfiles = ["m.jsonl"]\ncolumns = { choices = "options" }\n',
    });
    const { problems } = await loadTaskFile(join(place, "m.toml"));
    assert.deepEqual(problems.map(({ answer, choices }) => [answer, choices]), [["B", 2], ["B", 2], [
      "A",
      2,
    ]]);
    assert.equal(problems[0]?.text, "Prime?\n\nA) 4\nB) 7");
  });

  it("says in one sentence what does not fit", async () => {
    const cases: [string, Record<string, string>, RegExp][] = [
      ['name = "x"\nfiles = ["none.jsonl"]\n', {}, /Cannot read .*none.jsonl as it does not exist/],
      [
        'name = "x"\nfiles = ["a.jsonl"]\nprompts = "x"\n',
        {},
        /the key prompts is unknown: the nearest known key is prompt/,
      ],
      [
        'name = "x"\nfiles = ["a.jsonl"]\nprompt = "x"\n',
        {},
        /prompt must hold \{question\}, where the question goes/,
      ],
      [
        'name = "x"\nfiles = ["a.jsonl"]\ngrader = "strct"\n',
        {},
        /grader must be .*\(the nearest is "strict"\)/,
      ],
      ["name = \n", {}, /x.toml as it is not TOML: /],
      [
        'name = "x"\nfiles = ["a.jsonl"]\n',
        { "a.jsonl": '{"question":"q","answer":["1","2"]}\n' },
        /a.jsonl:1 as its answer is a list of 2 answers/,
      ],
      [
        'name = "x"\nfiles = ["a.jsonl"]\n',
        { "a.jsonl": '{"question":"q"}\n' },
        /a.jsonl:1 as it has no answer: its columns are question/,
      ],
      [
        'name = "x"\nfiles = ["a.jsonl"]\n',
        { "a.jsonl": '{"question":"q","solution":"so it goes"}\n' },
        /it has no answer \("#### ..." or/,
      ],
      ['name = "x"\nfiles = ["a.jsonl"]\n', { "a.jsonl": "\n" }, /a.jsonl as there are no rows/],
      [
        'name = "x"\nfiles = ["a.jsonl"]\ncolumns = { choices = "o" }\n',
        { "a.jsonl": '{"question":"q","answer":"E","o":["1","2"]}\n' },
        /its answer "E" is none of its 2 options/,
      ],
    ];
    for (const [toml, files, message] of cases) {
      await assert.rejects(loadTaskFile(join(written({ ...files, "x.toml": toml }), "x.toml")), message);
    }
  });

  it("can be trained on, as can a published benchmark that has a training split", async () => {
    const place = written({ ...data, "mine.toml": toml, "gsm8k-train.jsonl": lines });
    const own = await loadTrainingTask(join(place, "mine.toml"), "");
    assert.deepEqual(own[0], { id: "a", text: "1+1?", answer: "2", trace: null, level: 1, source: "mine" });
    const [first] = await loadTrainingTask("gsm8k", place);
    assert.deepEqual([first?.answer, first?.trace?.text], ["2", "1+1=2"]);
    await assert.rejects(
      loadTrainingTask("math500", place),
      /has no training split: name your own files by a task file/,
    );
    await assert.rejects(loadTrainingTask("gsm9k", place), /the nearest known one is gsm8k/);
    await assert.rejects(
      loadTrainingTask("gsm8k", folder),
      /gsm8k-train.jsonl as it does not exist; get it from https:/,
    );
  });
});

it("the reader of published files keeps GPQA's options", async () => {
  const { gpqa } = await import("#shared/tasks/gpqa.ts");
  const data = fileURLToPath(import.meta.resolve("../tasks/fixtures"));
  assert.equal((await readBenchmark(gpqa, { data })).length, 4);
});
