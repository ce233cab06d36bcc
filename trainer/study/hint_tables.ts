// The report's table about hints themselves: their length, leaks, and what becomes of problems that got one.

import { byArm, type Table } from "./guidance_tables.ts";
import { estimate, plain } from "./notation.ts";
import { meanOf, overSeeds, type Quantity, ratioOf, rescueRate } from "./quantities.ts";
import type { ArmData } from "./results.ts";
import type { Estimate } from "./statistics.ts";

const number = (e: Estimate | null) => plain(e, 2);

const ROWS: readonly [name: string, of: Quantity, show: (e: Estimate | null) => string][] = [
  ["of the trace shown at stage 1", meanOf("hints/shown_stage_1"), estimate],
  ["at stage 2", meanOf("hints/shown_stage_2"), estimate],
  ["at stage 3", meanOf("hints/shown_stage_3"), estimate],
  ["difficult groups solved with the first hint, first 10 steps", rescueRate(1, 0, 10), estimate],
  ["the same, last 10 steps", rescueRate(1, -10), estimate],
  ["hints that the leak guard cut short", ratioOf("hints/leaks", "hints/hinted"), estimate],
  ["trace length predicts difficulty: AUC", ratioOf("length/concordant", "length/pairs"), number],
  ["the same within a level", ratioOf("length/concordant_level", "length/pairs_level"), number],
  [
    "difficult and hinted, solved un-hinted next",
    ratioOf("revisit/hinted_solved", "revisit/hinted"),
    estimate,
  ],
  ["difficult, no hint, solved next", ratioOf("revisit/plain_solved", "revisit/plain"), estimate],
  ["solved, solved again next", ratioOf("revisit/solved_solved", "revisit/solved"), estimate],
];

/** null where no run has such numbers, as in data that was made before they were kept. */
export function hints(arms: readonly ArmData[]): Table | null {
  const rows = ROWS.flatMap(([name, of, show]) => {
    const found = arms.map((data) => overSeeds(data, of));
    return found.every((value) => value === null) ? [] : [[name, ...found.map(show)]];
  });
  if (rows.length === 0) return null;
  return {
    title: "Hints and problems",
    note:
      "Means over seeds with 95 % t intervals, shares in per cent. Shown: characters of the hint over those of the " +
      "trace. AUC: of two problems of one family in one step, one difficult and one not, how often the difficult " +
      "one has the longer trace (0.5: no relation). Next: when the problem was drawn again in the same run, sampled " +
      "without a hint at temperature 1; solved means that some completion was right.",
    ...byArm(arms, rows),
  };
}
