import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { boxedAnswer, hashAnswer } from "./answers.ts";
import { gsm8kReader } from "./gsm8k.ts";
import { jsonRows } from "./json.ts";
import { mathReader } from "./math.ts";
import { readRows, requireAll } from "./rows.ts";
import { tableReader } from "./table.ts";

const readGsm8k = (text: string, source = "gsm8k") => readRows(jsonRows(text), gsm8kReader, source);
const readMath = (text: string) => readRows(jsonRows(text), mathReader, "math");
const lines = (...rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join("\n");

describe("hashAnswer()", () => {
  it("takes no heading for an answer", () => {
    assert.equal(hashAnswer("#### Step 1\nAdd: $\\boxed{5}$.\n\n#### Check\n2+3=5 holds."), null);
    assert.equal(hashAnswer("So \\boxed{12}.\n#### Conclusion: the answer is 12"), null);
    assert.equal(hashAnswer("So \\boxed{12} or so.\n#### 13")?.answer, "13");
    assert.equal(hashAnswer("The sky.\n#### dark blue")?.answer, "dark blue");
  });

  it("keeps the commas of lists", () => {
    for (const list of ["(1,200)", "1,200,30", "1,2", "[3,400]", "1,200, 3,400"]) {
      assert.equal(hashAnswer(`#### ${list}`)?.answer, list);
    }
    assert.equal(hashAnswer("#### $1,200.50")?.answer, "$1200.50");
    assert.equal(hashAnswer("#### -12,345 km")?.answer, "-12345 km");
  });

  it("takes the last mark and drops thousands separators only", () => {
    assert.deepEqual(hashAnswer("a #### 1\nb\n#### 1,234,567"), { trace: "a #### 1\nb", answer: "1234567" });
    assert.equal(hashAnswer("x\n#### (1,2)")?.answer, "(1,2)");
    assert.equal(hashAnswer("no mark"), null);
    assert.equal(hashAnswer("x ####  "), null);
  });
});

describe("boxedAnswer()", () => {
  const cases: [string, string | null][] = [
    ["so $\\boxed{\\frac{1}{2}}$.", "\\frac{1}{2}"],
    ["\\boxed{1} then \\boxed{2}", "2"],
    ["\\boxed {\\{1,2\\}}", "\\{1,2\\}"],
    ["\\boxed{\\} }", "\\}"],
    ["\\fbox{7}", "7"],
    ["\\boxed 5", "5"],
    ["so $\\boxed 12$.", "12"],
    ["it is \\boxed 12.", "12"],
    ["it is \\boxed 1.5 (see above)", "1.5"],
    ["\\boxed \\frac{1}{2}.", "\\frac{1}{2}"],
    ["\\boxed{\\text{a}^{b_{c}}} and more}", "\\text{a}^{b_{c}}"],
    ["\\boxed{unclosed", null],
    ["\\boxed{}", null],
    ["\\boxedness{3}", null],
    ["nothing", null],
  ];
  for (const [solution, answer] of cases) {
    it(`${solution} holds ${answer}`, () => assert.equal(boxedAnswer(solution), answer));
  }
});

describe("readGsm8k()", () => {
  it("splits trace and answer and strips calculator annotations", () => {
    const row = {
      question: " How many? ",
      answer: "It is 48/2 = <<48/2=24>>24 clips.\nAll: $<<24+48=72>>72.\n#### 1,072",
    };
    assert.deepEqual(readGsm8k(lines(row), "g"), {
      problems: [{
        id: "g:1",
        text: "How many?",
        answer: "1072",
        trace: {
          text: "It is 48/2 = 24 clips.\nAll: $72.",
          steps: ["It is 48/2 = 24 clips.\n", "All: $72."],
        },
        level: null,
        source: "g",
      }],
      errors: [],
    });
  });

  it("reports each row that does not fit with its line, and reads the others", () => {
    const good = { question: "q", answer: "#### 3" };
    const text = `${
      lines(good, { question: "q" }, { answer: "#### 3" }, { question: "q", answer: "3" })
    }\n{"qu\n[1]\n`;
    const { problems, errors } = readGsm8k(text, "train.jsonl");
    assert.deepEqual(problems.map(({ id, trace }) => [id, trace]), [["train.jsonl:1", null]]);
    const file = "train.jsonl";
    assert.deepEqual(errors, [
      { file, line: 2, reason: "it has no answer: its columns are question" },
      { file, line: 3, reason: "it has no question: its columns are answer" },
      { file, line: 4, reason: 'its answer has no final "#### ..."' },
      { file, line: 5, reason: "it is not valid JSON" },
      { file, line: 6, reason: "it is not an object" },
    ]);
    assert.throws(() => requireAll({ problems, errors }, "train.jsonl"), {
      name: "SyntaxError",
      message:
        "Cannot read train.jsonl:2 as it has no answer: its columns are question (and 4 more rows do not fit)",
    });
  });

  it("does not split a line at Unicode separators inside a text", () => {
    assert.equal(
      readGsm8k(lines({ question: "a\u2028b", answer: "x\n#### 1" })).problems[0]!.text,
      "a\u2028b",
    );
  });
});

describe("readMath()", () => {
  const row = {
    problem: "p",
    solution: "We see that $x=1$. So \\boxed{2}.",
    level: "Level 4",
    unique_id: "u1",
  };

  it("takes the answer from the box, the level from its label, the steps from the sentences", () => {
    assert.deepEqual(readMath(lines(row)).problems, [{
      id: "u1",
      text: "p",
      answer: "2",
      trace: { text: row.solution, steps: ["We see that $x=1$. ", "So \\boxed{2}."] },
      level: 4,
      source: "math",
    }]);
  });

  it("prefers the answer column, and takes a solution that is only the answer for none", () => {
    const { problems } = readMath(lines({ ...row, answer: 70, solution: "$\\boxed{70}$" }));
    assert.equal(problems[0]!.answer, "70");
    assert.equal(problems[0]!.trace, null);
  });

  it("finds duplicate ids and rows without an answer", () => {
    const { problems, errors } = readMath(lines(row, row, { problem: "p", solution: "no box" }));
    assert.equal(problems.length, 1);
    assert.deepEqual(errors, [
      { file: "math", line: 2, reason: 'its id "u1" is also that of line 1' },
      { file: "math", line: 3, reason: "it has neither an answer nor a solution with \\boxed{}" },
    ]);
  });
});

describe("readTable()", () => {
  const columns = { id: "", text: "q", answer: "meta.gold", trace: "why", level: "" };
  const read = (...rows: unknown[]) => readRows(jsonRows(lines(...rows)), tableReader(columns), "t");

  it("reaches into nested objects, and takes a column of that very name first", () => {
    assert.equal(read({ q: "x", meta: { gold: 5 } }).problems[0]!.answer, "5");
    assert.equal(read({ q: "x", meta: { gold: 5 }, "meta.gold": "6" }).problems[0]!.answer, "6");
  });

  it("takes a missing answer from the trace", () => {
    assert.equal(read({ q: "x", why: "so\n#### 8" }).problems[0]!.answer, "8");
    assert.equal(read({ q: "x", why: "so \\boxed{9}" }).problems[0]!.answer, "9");
    assert.deepEqual(read({ q: "x", why: "so" }).errors.map((error) => error.reason), [
      "it has no meta.gold: its columns are q, why",
    ]);
  });

  it("names a cell of the wrong kind", () => {
    assert.deepEqual(read({ q: ["x"], meta: { gold: 1 } }).errors, [{
      file: "t",
      line: 1,
      reason: "its q must be a text or a number",
    }]);
  });

  it("refuses an empty file", () => {
    assert.throws(() => requireAll(read(), "x.jsonl"), { message: "Cannot read x.jsonl as it has no rows" });
  });
});

describe("jsonRows()", () => {
  const values = (text: string) =>
    [...jsonRows(text)].map(({ line, value }) =>
      value instanceof Error ? [line, value.message] : [line, value]
    );

  it("reads a list as it reads lines", () => {
    const rows = [{ a: "x, ]}" }, { a: ['"', { b: [] }] }, { a: "\\" }];
    for (
      const text of [
        JSON.stringify(rows),
        JSON.stringify(rows, null, 1),
        `\uFEFF \n${JSON.stringify(rows)}\n`,
      ]
    ) {
      assert.deepEqual(values(text), rows.map((row, i) => [i + 1, row]));
    }
    assert.deepEqual(values("\uFEFF" + lines(...rows)), rows.map((row, i) => [i + 1, row]));
    assert.deepEqual(values("[]"), []);
  });

  it("reports a bad element and reads the others", () => {
    assert.deepEqual(values('[{"a":1}, {"a":}, {"a":3}]'), [[1, { a: 1 }], [2, "it is not valid JSON"], [3, {
      a: 3,
    }]]);
    assert.deepEqual(values('[{"a":1},]').at(-1), [2, "it is not valid JSON"]);
  });

  it("refuses a list that does not end where the file does", () => {
    assert.throws(() => values('[{"a":1}, {"a"'), { message: "its list is not closed" });
    assert.throws(() => values('[{"a":1}] [2]'), {
      message: "its list ends before the file does: a row must be an object, one a line or all in one list",
    });
  });
});

describe("numbers", () => {
  const golds = [
    ["12345678901234567890", "12345678901234567890"],
    ["1e400", "1e400"],
    ["0.1", "0.1"],
    ["100000000000000000000000", "100000000000000000000000"],
    ["42.0", "42"],
    ["1e-7", "1e-7"],
    ["3.30", "3.30"],
    ["-0.1000000000000000055511151231257827", "-0.1000000000000000055511151231257827"],
    ["9007199254740993", "9007199254740993"],
    ["-7", "-7"],
  ] as const;
  const columns = { id: "", text: "q", answer: "a", trace: "", level: "" };
  for (const [written, gold] of golds) {
    it(`${written} is the gold ${gold}`, () => {
      const { problems } = readRows(jsonRows(`{"q":"x","a":${written}}`), tableReader(columns), "t");
      assert.equal(problems[0]!.answer, gold);
    });
  }
});

describe("columns", () => {
  const columns = { id: "", text: "q", answer: "a", trace: "why", level: "" };
  const fault = (row: unknown) => readRows(jsonRows(lines(row)), tableReader(columns), "t").errors[0]!.reason;

  it("that are missing are named with those that there are", () => {
    assert.equal(fault({ question: "x", gold: 1 }), "it has no q: its columns are question, gold");
    assert.equal(fault({ q: "x", why: "so" }), "it has no a: its columns are q, why");
    assert.equal(fault({ q: " ", a: 1 }), "it has no q");
  });

  it("must hold whole characters", () => {
    assert.equal(fault({ q: "x \ud83d", a: 1 }), "its q holds half of a character (a lone surrogate)");
  });
});

describe("tableReader()", () => {
  it("keeps other columns as JSON has them, 64-bit integers too", () => {
    const columns = { id: "", text: "q", answer: "a", trace: "", level: "" };
    const row = { q: "x", a: "1", index: 5n, big: 2n ** 60n, list: [1n, { deep: 2n }], none: null };
    const { columns: others } = tableReader(columns)(row, { file: "f", source: "s", line: 1 });
    assert.deepEqual(others, { index: 5, big: "1152921504606846976", list: [1, { deep: 2 }], none: null });
    assert.equal(typeof JSON.stringify(others), "string");
  });
});
