import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { verify } from "../mod.ts";
import { Random } from "./generate/expression.ts";
import { kindNames, kindPairs } from "./generate/kinds.ts";
import { setting } from "./outside.ts";

const count = setting("GHPO_VERIFY_KINDS", 1000);

describe(`${count} random pairs of ${kindNames.length} kinds (GHPO_VERIFY_KINDS)`, () => {
  it("are decided as they were made: no wrong answer is right, and 99.5 % of the right ones are", () => {
    const missed: string[] = [];
    let right = 0;
    for (
      const { kind, gold, completion, equal } of kindPairs(count, new Random(setting("GHPO_VERIFY_SEED", 3)))
    ) {
      for (const preset of ["strict", "report"] as const) {
        const { verdict, reason } = verify(gold, completion, preset);
        if (equal) right++;
        if (equal && verdict !== true) missed.push(`${kind}: ${gold} | ${completion} | ${reason}`);
        if (!equal) assert.notEqual(verdict, true, `${kind}, ${preset}: ${gold} | ${completion}`);
      }
    }
    assert.ok(
      missed.length <= right * 0.005,
      `${missed.length} of ${right}: ${missed.slice(0, 5).join("\n")}`,
    );
  });
});
