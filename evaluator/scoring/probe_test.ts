// The contamination probe on models that know everything, half, or nothing.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { syntheticTask } from "#shared/tasks/synthetic.ts";
import { cutQuestion, probeResult, probeTask, rougeL } from "./probe.ts";

const base = syntheticTask("chain", 1, 2);
const texts = ["A train leaves Rome at noon and drives north", "Two pipes fill a tank in six hours together"];
const task = {
  ...base,
  problems: texts.map((text, i) => ({ id: `p${i}`, text, answer: "1", level: null })),
};

describe("contamination probe", () => {
  it("cuts behind a whole word", () => {
    assert.deepEqual(cutQuestion("one two three four", 0.5), { shown: "one two three", rest: "four" });
    assert.equal(cutQuestion("single", 0.6).rest, "");
  });

  it("asks for the rest of every question that has one, greedily", () => {
    const asked = probeTask({
      ...task,
      problems: [...task.problems, { ...task.problems[0]!, id: "x", text: "one" }],
    }, 0.6);
    assert.equal(asked.problems.length, 2);
    assert.equal(asked.sampling.temperature, 0);
    assert.deepEqual(asked.prompt(asked.problems[0]!), { text: "A train leaves Rome at noon" });
  });

  it("tells memory from ignorance", () => {
    const known = new Map(
      task.problems.map(({ id, text }) => [id, `${cutQuestion(text, 0.6).rest} and then more`]),
    );
    const result = probeResult(task, 0.6, known);
    assert.deepEqual([result.problems, result.exact, result.rouge_l], [2, 1, 1]);
    const unknown = new Map(task.problems.map(({ id }) => [id, "zzz"]));
    assert.deepEqual([probeResult(task, 0.6, unknown).exact, probeResult(task, 0.6, unknown).rouge_l], [
      0,
      0,
    ]);
    const half = new Map([["p0", cutQuestion(texts[0]!, 0.6).rest], ["p1", "zzz"]]);
    assert.equal(probeResult(task, 0.6, half).exact, 0.5);
  });

  it("ROUGE-L: two of three words in order on both sides is 2/3", () => {
    assert.equal(rougeL(["a", "b", "c"], ["a", "x", "c"]), 2 / 3);
    assert.equal(rougeL([], []), 0);
  });
});
