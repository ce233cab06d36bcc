import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { byArm, guidance } from "./guidance_tables.ts";
import type { ArmData } from "./results.ts";

/** An arm of one run in which half of the groups were difficult and the gradient's norm was 3. */
function arm(title: string, algorithm: "ghpo" | "sft" = "ghpo"): ArmData {
  const metrics = new Map([["ghpo/frac_difficult", [0.5, 0.5]], ["grad_norm", [3, 3]]]);
  const run = { facts: { recipe: { algorithm } }, metrics };
  return { arm: { title }, runs: new Map([[1, run]]), start: [] } as unknown as ArmData;
}

describe("byArm()", () => {
  const lines = [["rate", "1", "2"], ["norm", "3", "4"]];

  it("gives each arm a column", () => {
    assert.deepEqual(byArm([arm("A"), arm("B")], lines), { head: ["", "A", "B"], rows: lines });
  });

  it("gives each arm a row when there are more than six", () => {
    const many = ["A", "B", "C", "D", "E", "F", "G"];
    const turned = byArm(many.map((title) => arm(title)), [[
      "rate",
      ...many.map((name) => `rate of ${name}`),
    ]]);
    assert.deepEqual(turned.head, ["arm", "rate"]);
    assert.deepEqual(turned.rows, many.map((name) => [name, `rate of ${name}`]));
  });
});

describe("guidance()", () => {
  it("says nothing of groups where demonstrations are learned, and what their gradients are", () => {
    const { rows } = guidance([arm("GHPO"), arm("SFT", "sft")]);
    const row = (name: string) => rows.find((cells) => cells[0] === name);
    assert.deepEqual(row("difficult groups, first 10 steps"), [
      "difficult groups, first 10 steps",
      "50.0",
      "–",
    ]);
    assert.deepEqual(row("gradient norm"), ["gradient norm", "3.000", "3.000"]);
  });
});
