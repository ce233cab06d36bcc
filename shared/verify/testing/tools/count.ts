// Counts what the verifier decides on the rows {gold, pred, expected} of case files, for the table of the README:
//   bun shared/verify/testing/tools/count.ts ROWS.jsonl... [--write-kinds FILE]
// --write-kinds writes the tables of testing/kinds as such rows, so that other graders can be given them too.

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { parseRow, rowOptions, verify } from "../../mod.ts";
import { completions } from "../kinds/completions.ts";
import { completionOf } from "../kinds/kind.ts";
import { mathematics } from "../kinds/mathematics.ts";
import { prose } from "../kinds/prose.ts";
import { quantities } from "../kinds/quantities.ts";
import { restatements } from "../kinds/restatements.ts";
import { siblings } from "../kinds/siblings.ts";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: { "write-kinds": { type: "string" } },
});

const kinds = [...prose, ...mathematics, ...quantities, ...restatements, ...siblings, {
  kind: "completions",
  rows: completions,
}].flatMap(({ rows }) => rows).flatMap((
  [gold, right, wrong],
) => [
  ...right.map((entry) => ({ gold, pred: completionOf(entry), expected: true })),
  ...wrong.map((entry) => ({ gold, pred: completionOf(entry), expected: false })),
]);
if (values["write-kinds"] !== undefined) {
  writeFileSync(
    values["write-kinds"],
    kinds.map((row, id) => JSON.stringify({ id, ...row })).join("\n") + "\n",
  );
}

for (const path of positionals) {
  const lines = readFileSync(path, "utf8").split("\n").filter((line) => line !== "");
  for (const preset of ["strict", "report"] as const) {
    const count = { rows: 0, wrong: 0, refused: 0 };
    for (const [i, line] of lines.entries()) {
      const row = JSON.parse(line) as { expected: boolean; policy?: string; presets?: string[] };
      if (row.policy !== undefined || (row.presets !== undefined && !row.presets.includes(preset))) continue;
      const parsed = parseRow(line, i + 1);
      const right = verify(parsed.gold, parsed.pred, preset, rowOptions(parsed)).verdict === true;
      count.rows++;
      if (right && !row.expected) count.wrong++;
      if (!right && row.expected) count.refused++;
    }
    const agreed = count.rows - count.wrong - count.refused;
    console.log(
      `${path}, ${preset}: ${agreed} of ${count.rows} agree (${(agreed / count.rows * 100).toFixed(1)}%), ` +
        `${count.wrong} wrong rewarded, ${count.refused} right refused`,
    );
  }
}
