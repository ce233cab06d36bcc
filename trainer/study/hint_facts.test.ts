import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { Problem } from "#shared/schemas/problem.ts";
import type { Group } from "#shared/schemas/rollout.ts";
import { hintSeries } from "./hint_facts.ts";

function problem(id: string, trace: string, level: number, source = "chain"): [string, Problem] {
  return [id, { id, text: "?", answer: "1", trace: { text: trace, steps: [trace] }, level, source }];
}

/** A group whose problem was answered rightly so often without a hint, and got this hint at a stage. */
function group(
  problem_id: string,
  accuracy_unhinted: number | null,
  stage = 0,
  hint = "",
  leak = false,
): Group {
  const guidance = { stage, ratio: stage / 4, cut: "step" as const, hint, leak };
  return {
    step: 1,
    problem_id,
    guidance,
    prompt: "",
    prompt_ids: [1],
    completions: [],
    accuracy_unhinted,
    policy_version: 0,
  };
}

const problems = new Map([
  problem("long", "0123456789", 2),
  problem("short", "01234", 1),
  problem("even", "56789", 1),
  problem("other", "0123456789", 2, "gcd"),
]);

describe("hintSeries()", () => {
  it("measures hints against their traces, stage by stage", () => {
    const series = hintSeries(
      [[group("long", 0, 1, "01"), group("other", 0, 1, "0123"), group("short", 0, 2, "012", true)], [
        group("short", 1),
      ]],
      problems,
    );
    assert.deepEqual(series.get("hints/hinted"), [3, 0]);
    assert.deepEqual(series.get("hints/leaks"), [1, 0]);
    const [share, none] = series.get("hints/shown_stage_1")!;
    assert.ok(Math.abs(share! - 0.3) < 1e-12);
    assert.equal(none, null);
    assert.deepEqual(series.get("hints/shown_stage_2"), [0.6, null]);
  });

  it("compares difficult with solved problems of the same family and step", () => {
    const series = hintSeries(
      [[group("long", 0), group("short", 0.5), group("even", 0), group("other", 1)], [group("long", null)]],
      problems,
    );
    // long over short; even ties with short, alone in its level; the other family has no pair.
    assert.deepEqual(series.get("length/pairs"), [2, 0]);
    assert.deepEqual(series.get("length/concordant"), [1.5, 0]);
    assert.deepEqual(series.get("length/pairs_level"), [1, 0]);
    assert.deepEqual(series.get("length/concordant_level"), [0.5, 0]);
  });

  it("follows a problem from visit to visit, by what it was given at the last one", () => {
    const series = hintSeries([
      [group("long", 0, 1, "01"), group("short", 0), group("even", 1)],
      [group("long", 0.25), group("short", 0), group("even", 0)],
      [group("long", 0), group("short", 1), group("even", null)],
    ], problems);
    assert.deepEqual(series.get("revisit/hinted"), [null, 1, null]);
    assert.deepEqual(series.get("revisit/hinted_solved"), [null, 1, null]);
    assert.deepEqual(series.get("revisit/plain"), [null, 1, 1]);
    assert.deepEqual(series.get("revisit/plain_solved"), [null, null, 1]);
    assert.deepEqual(series.get("revisit/solved"), [null, 1, 1]);
    assert.equal(series.get("revisit/solved_solved"), undefined);
  });

  it("takes the hinted one of a problem's groups, as un-hinted replicas come beside it", () => {
    const series = hintSeries(
      [[group("long", 0, 1, "0123"), group("long", 0)], [group("long", 1)]],
      problems,
    );
    assert.deepEqual(series.get("hints/hinted"), [1, 0]);
    assert.deepEqual(series.get("revisit/hinted"), [null, 1]);
  });
});
