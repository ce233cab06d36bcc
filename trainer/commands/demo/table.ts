// The demo's result for the terminal.

import { percent } from "#shared/text/format.ts";
import type { DemoSummary } from "./summary.ts";

/** How the base checkpoint was made: part of any claim about what it learns. */
export const BASE_STORY =
  "The base model was trained from random weights on generated traces: easy problems (levels 1 and 2) solved correctly, " +
  "hard ones (3 to 5) with a wrong result in most steps. It writes well-formed solutions and fails hard problems by " +
  "construction, so this shows that guidance works, not how much another model would gain.";

/** Per cent, families in rows; the un-trained ones are labelled. */
export function demoTable(summary: DemoSummary): string {
  const compared = summary.over_grpo !== null;
  const header = [
    "un-hinted, held-out, %",
    "base",
    "GHPO",
    "whole trace: base",
    "GHPO",
    ...(compared ? ["GRPO"] : []),
  ];
  const rows = summary.families.map((f) => [
    f.trained ? f.family : `${f.family} (untrained)`,
    withInterval(f.before, f.before_interval_95),
    withInterval(f.after, f.after_interval_95),
    percent(f.trace_before),
    percent(f.trace_after),
    ...(compared ? [f.grpo === null ? "-" : percent(f.grpo)] : []),
  ]);
  const { average, trace_average: trace, over_grpo: over } = summary;
  rows.push([
    "mean of the trained families",
    percent(average.before),
    percent(average.after),
    percent(trace.before),
    percent(trace.after),
    ...(over === null ? [] : [percent(over.before)]),
  ]);
  const widths = header.map((_, i) => Math.max(...[header, ...rows].map((row) => row[i]!.length)));
  const lines = [header, ...rows].map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ")
  );
  lines.push(
    "",
    `GHPO - base: ${points(average.difference)} points, paired 95 % interval ${range(average.interval_95)}`,
  );
  if (over !== null) {
    lines.push(
      `GHPO - GRPO at ${over.generated_tokens} generated tokens: ${points(over.difference)} points, ` +
        `paired 95 % interval ${range(over.interval_95)}`,
    );
  }
  lines.push(
    `${summary.hinted_groups} groups were hinted and ${summary.rescued_groups} of the difficult ones rescued ` +
      `in ${summary.steps} steps, ${summary.generated_tokens} generated tokens.`,
    `Problems: seed ${summary.problems_seed}, drawn when the demo started. ${BASE_STORY}`,
  );
  return lines.join("\n");
}

export function points(difference: number): string {
  return `${difference >= 0 ? "+" : ""}${percent(difference)}`;
}

export function range([low, high]: readonly [number, number]): string {
  return `[${points(low)}, ${points(high)}]`;
}

function withInterval(share: number, [low, high]: readonly [number, number]): string {
  return `${percent(share)} [${percent(low)}, ${percent(high)}]`;
}
