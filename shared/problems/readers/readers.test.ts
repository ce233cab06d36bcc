import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { boxedAnswer, hashAnswer } from "./answers.ts";
import { readGsm8k } from "./gsm8k.ts";
import { readMath } from "./math.ts";
import { jsonRows, requireAll } from "./rows.ts";
import { readTable } from "./table.ts";

const lines = (...rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join("\n");

describe("hashAnswer()", () => {
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
    const { problems, errors } = readGsm8k(text, "g");
    assert.deepEqual(problems.map(({ id, trace }) => [id, trace]), [["g:1", null]]);
    assert.deepEqual(errors, [
      { line: 2, reason: "it has no answer" },
      { line: 3, reason: "it has no question" },
      { line: 4, reason: 'its answer has no final "#### ..."' },
      { line: 5, reason: "it is not valid JSON" },
      { line: 6, reason: "it is not an object" },
    ]);
    assert.throws(() => requireAll({ problems, errors }, "train.jsonl"), {
      name: "SyntaxError",
      message: "Cannot read train.jsonl:2 as it has no answer (and 4 more rows do not fit)",
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
      { line: 2, reason: 'its id "u1" is also that of line 1' },
      { line: 3, reason: "it has neither an answer nor a solution with \\boxed{}" },
    ]);
  });
});

describe("readTable()", () => {
  const columns = { id: "", text: "q", answer: "meta.gold", trace: "why", level: "" };
  const read = (...rows: unknown[]) => readTable(jsonRows(lines(...rows)), columns, "t");

  it("reaches into nested objects, and takes a column of that very name first", () => {
    assert.equal(read({ q: "x", meta: { gold: 5 } }).problems[0]!.answer, "5");
    assert.equal(read({ q: "x", meta: { gold: 5 }, "meta.gold": "6" }).problems[0]!.answer, "6");
  });

  it("takes a missing answer from the trace", () => {
    assert.equal(read({ q: "x", why: "so\n#### 8" }).problems[0]!.answer, "8");
    assert.equal(read({ q: "x", why: "so \\boxed{9}" }).problems[0]!.answer, "9");
    assert.deepEqual(read({ q: "x", why: "so" }).errors, [{ line: 1, reason: "it has no meta.gold" }]);
  });

  it("names a cell of the wrong kind", () => {
    assert.deepEqual(read({ q: ["x"], meta: { gold: 1 } }).errors, [{
      line: 1,
      reason: "its q must be a text or a number",
    }]);
  });

  it("refuses an empty file", () => {
    assert.throws(() => requireAll(read(), "x.jsonl"), { message: "Cannot read x.jsonl as it has no rows" });
  });
});
