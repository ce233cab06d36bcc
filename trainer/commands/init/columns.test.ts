// Which columns of a data file are the question, the answer and the solution, as a person says or by what they hold.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { RowFault } from "#shared/problems/readers/rows.ts";
import { findColumns, parseColumns } from "./columns.ts";

describe("parseColumns()", () => {
  it("takes names that hold commas and equals signs", () => {
    assert.deepEqual(parseColumns("text=question, as asked,answer = gold, final=yes,trace="), {
      text: "question, as asked",
      answer: "gold, final=yes",
      trace: "",
    });
  });
});

describe("findColumns()", () => {
  it("lists the first columns only, and quotes names that hold commas", () => {
    const rows = [{
      line: 1,
      value: { "a, b": 1, ...Object.fromEntries([...Array(30).keys()].map((i) => [`c${i}`, i])) },
    }];
    assert.throws(
      () => findColumns(rows, {}, "f"),
      /its columns are "a, b", c0, .*, c18 and 11 more; say so/,
    );
    assert.throws(
      () => findColumns([{ line: 1, value: "x" }], {}, "f"),
      /none of its rows is a JSON object$/,
    );
    const cells = new RowFault("it has 2 cells and the header 1");
    assert.throws(
      () => findColumns([{ line: 3, value: cells }], {}, "f.csv"),
      /Cannot use f\.csv as none of its rows fits: of line 3, it has 2 cells and the header 1$/,
    );
  });

  it("takes what a person says before what it finds", () => {
    const rows = [{ line: 1, value: { q: "What is 1+1?", problem: "x", a: "2", answer: "3" } }];
    assert.deepEqual(findColumns(rows, parseColumns("text=q, answer=a"), "f").columns, {
      id: "",
      text: "q",
      answer: "a",
      trace: "",
      level: "",
    });
  });

  it("finds unnamed columns by what they hold: a solution ends in its answer, and a row's number is none", () => {
    const sums = Array.from({ length: 20 }, (_, i) => ({ a: i % 7 + 2, b: i % 5 + 3, c: i % 3 + 1 }));
    const rows = sums.map(({ a, b, c }, i) => ({
      line: i + 1,
      value: {
        meta: { nr: i, part: "sums" },
        rechnung: `${a}+${b}=${a + b};${a + b}+${c}=${a + b + c}`,
        aufgabe: `Compute ${a}+${b}+${c}`,
        punkte: i % 2 + 1,
        wert: a + b + c,
      },
    }));
    const { columns, guessed } = findColumns(rows, {}, "f");
    assert.deepEqual([columns.text, columns.trace, columns.answer], ["aufgabe", "rechnung", "wert"]);
    assert.deepEqual(guessed, ["trace", "answer", "text"]);
    const bare = rows.map(({ line, value }) => ({
      line,
      value: { frage: value.aufgabe, punkte: value.punkte, wert: value.wert },
    }));
    assert.throws(
      () => findColumns(bare, {}, "f"),
      /does not show whether punkte or wert is the answer: its columns are frage, punkte, wert; say so with --columns/,
    );
    assert.equal(findColumns(bare, { answer: "wert" }, "f").columns.text, "frage");
  });

  it("says why a column that is called an answer is none, and what a prompt would not show", () => {
    const rows = (make: (i: number) => Record<string, unknown>) =>
      Array.from(
        { length: 20 },
        (_, i) => ({ line: i + 1, value: { question: `What is ${i}+1?`, ...make(i) } }),
      );
    const fails = (make: (i: number) => Record<string, unknown>, message: RegExp) =>
      assert.throws(() => findColumns(rows(make), {}, "f"), message);
    fails(
      (i) => ({ answer: i % 2 === 0 }),
      /the answer, as most rows have neither a text nor a number in answer: its/,
    );
    fails(
      () => ({ answer: "the north and the south and many other places besides" }),
      /the answer, as answer has long texts, of 53 characters at the median, that end in no marked answer: its/,
    );
    fails(
      (i) => ({ choices: [`${i}`, `${i + 1}`], answer: "B" }),
      /^TypeError: Cannot use f as the prompt would not show the options of its column choices: write them/,
    );
    assert.equal(findColumns(rows((i) => ({ answer: [`${2 * i}`] })), {}, "f").columns.answer, "answer.0");
  });

  it("takes short texts for solutions where their column is called so", () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({
      line: i + 1,
      value: { problem: `Compute ${i}+3`, answer: String(i + 3), solution: `${i}+3=${i + 3}` },
    }));
    const { columns, unused } = findColumns(rows, {}, "f");
    assert.equal(columns.trace, "solution");
    assert.equal(columns.answer, "answer");
    assert.deepEqual(unused, []);
    const answers = rows.map(({ line, value }) => ({
      line,
      value: { problem: value.problem, solution: value.answer },
    }));
    assert.equal(findColumns(answers, {}, "f").columns.answer, "solution", "where it is all there is");
  });
});
