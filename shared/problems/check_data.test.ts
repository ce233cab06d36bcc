import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { Problem } from "#shared/schemas/problem.ts";
import { checkData } from "./check_data.ts";

function problem(id: string, text: string, steps: string[] | null = null): Problem {
  return {
    id,
    text,
    answer: "42",
    trace: steps === null ? null : { text: steps.join(""), steps },
    level: null,
    source: "s",
  };
}
const leakOffset = (text: string, answer: string) => text.indexOf(answer);
const EIGHT = "one two three four five six seven eight";

describe("checkData()", () => {
  it("finds texts that differ in case and white space only", () => {
    const report = checkData(
      [problem("a", "What  is\nit?"), problem("b", "what is it?"), problem("c", "What is it")],
      {},
      leakOffset,
    );
    assert.deepEqual(report.duplicates, [{ id: "b", same_as: "a" }]);
    assert.equal(report.problems, 3);
  });

  it("lists problems without a trace, and traces with the answer before the last step", () => {
    const problems = [
      problem("none", "a"),
      problem("good", "b", ["start;", "42"]),
      problem("early", "c", ["start;", "it is 42;", "so 42"]),
    ];
    const report = checkData(problems, {}, leakOffset);
    assert.deepEqual(report.without_trace, ["none"]);
    assert.deepEqual(report.early_leaks, [{ id: "early", step: 1 }]);
  });

  it("finds eight words in a row of a benchmark, but not seven", () => {
    const benchmarks = { bench: [{ id: "x", text: `Zero ${EIGHT} nine` }] };
    const inside = problem("inside", `And ${EIGHT.toUpperCase()}.`);
    const eight = problem("eight", `And ${EIGHT}  again`);
    const seven = problem("seven", "And two three four five six seven eight again");
    assert.deepEqual(checkData([inside, eight, seven], benchmarks, leakOffset).overlaps, [
      { id: "eight", benchmark: "bench", benchmark_id: "x", ngram: EIGHT },
    ]);
  });

  it("compares short texts as a whole", () => {
    const benchmarks = { chain: [{ id: "x", text: "Compute 4+5" }] };
    const report = checkData(
      [problem("a", "Compute 4+5"), problem("b", "Compute 4-5")],
      benchmarks,
      leakOffset,
    );
    assert.deepEqual(report.overlaps.map(({ id }) => id), ["a"]);
  });
});
