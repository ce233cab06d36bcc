import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readRunData, runFacts, sameFacts, writeRunData } from "./run_data.ts";
import { MODELS, tinyStudy } from "./testing.ts";

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

function written() {
  const { plan, folder } = tinyStudy();
  folders.push(folder);
  const run = plan.runs[0]!;
  const data = {
    facts: runFacts(plan, run, MODELS.get("m")!),
    metrics: new Map([["grad_norm", [0.123456789, null]], ["generated_tokens", [1234567, 2345678]]]),
    evaluations: new Map([["eval_accuracy", { steps: [0, 2], values: [1 / 3, null] }]]),
    cells: [{
      kind: "cell" as const,
      family: "gcd" as const,
      level: 2,
      hint_ratio: 0,
      right: "0110",
      traced: "0100",
    }],
  };
  writeRunData(run.data, data);
  return { path: run.data, data };
}

describe("run data", () => {
  it("comes back with five significant digits, and whole numbers with all of theirs", () => {
    const { path, data } = written();
    const read = readRunData(path);
    assert.deepEqual(read.metrics.get("grad_norm"), [0.12346, null]);
    assert.deepEqual(read.metrics.get("generated_tokens"), [1234567, 2345678]);
    assert.deepEqual(read.evaluations.get("eval_accuracy")?.values, [0.33333, null]);
    assert.deepEqual(read.cells, data.cells);
    assert.ok(sameFacts(read.facts, data.facts));
    assert.equal("output_dir" in read.facts.recipe, false);
  });

  it("takes settings that are younger than the data to have their defaults", () => {
    const { path, data } = written();
    const { facts } = readRunData(path);
    const { ghpo: _, ...older } = facts.recipe;
    const withGhpo = { ...data.facts.recipe, ghpo: { cold_start_steps: 20 } };
    assert.ok(sameFacts({ ...facts, recipe: older }, { ...data.facts, recipe: withGhpo }));
    assert.ok(!sameFacts({ ...facts, recipe: older }, data.facts), "the recipe has cold_start_steps 0");
  });

  it("refuses an unknown key with file and line", () => {
    const { path } = written();
    writeFileSync(path, readFileSync(path, "utf8").replace('"right"', '"rihgt"'));
    assert.throws(() => readRunData(path), /jsonl:5 as the key rihgt is unknown/);
    writeFileSync(join(path), '{"kind":"metric","key":"x","values":[]}\n');
    assert.throws(() => readRunData(path), /has no line of kind run/);
  });
});
