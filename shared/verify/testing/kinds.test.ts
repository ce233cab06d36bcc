import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { verify } from "../mod.ts";
import { completions } from "./kinds/completions.ts";
import { completionOf } from "./kinds/kind.ts";
import { mathematics } from "./kinds/mathematics.ts";
import { prose } from "./kinds/prose.ts";
import { quantities } from "./kinds/quantities.ts";
import { restatements } from "./kinds/restatements.ts";
import { siblings } from "./kinds/siblings.ts";

for (
  const { kind, rows } of [...prose, ...mathematics, ...quantities, ...restatements, ...siblings, {
    kind: "completions",
    rows: completions,
  }]
) {
  describe(kind, () => {
    for (const [gold, right, wrong] of rows) {
      for (const [answers, expected] of [[right, true], [wrong, false]] as const) {
        for (const answer of answers) {
          it(`${gold.slice(0, 60)} ${expected ? "is" : "is not"} ${answer.slice(0, 80)}`, () => {
            for (const preset of ["strict", "report"] as const) {
              const { verdict, reason } = verify(gold, completionOf(answer), preset);
              assert.equal(verdict === true, expected, `${preset}: ${verdict}, ${reason}`);
            }
          });
        }
      }
    }
  });
}
