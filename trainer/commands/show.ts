// show: one run in the terminal, as numbers and plots.

import { formatDuration } from "#shared/text/format.ts";
import * as v from "valibot";
import { parseFlags } from "#shared/schemas/parse.ts";
import { numeral, positiveCount } from "#shared/schemas/values.ts";
import { MetricsLog } from "../dashboard/metrics_log.ts";
import { summarise, theRun } from "../dashboard/runs.ts";
import { alignColumns } from "./runs.ts";
import { shownPath } from "./shown_path.ts";

/** Plots of a GHPO run; keys that a run does not have are left out. */
const PLOTS: [key: string, title: string][] = [
  ["ghpo/accuracy_unhinted", "un-hinted accuracy"],
  ["ghpo/frac_difficult", "difficult groups"],
  ["reward", "reward"],
  ["entropy", "entropy"],
  ["loss", "loss"],
  ["grad_norm", "gradient norm"],
];
const MOST_PLOTS = 4;
const HEIGHT = 8;

const FlagsSchema = v.strictObject({
  width: v.optional(v.pipe(numeral, positiveCount)),
  json: v.optional(v.boolean(), false),
});

export async function showCommand(path: string, flags: unknown): Promise<void> {
  const { width = process.stdout.columns ?? 80, json } = parseFlags(FlagsSchema, flags);
  const run = theRun(path);
  const log = new MetricsLog(`${run}/metrics.jsonl`);
  await log.refresh();
  const summary = summarise(run);
  const last = Object.fromEntries(log.keys.map((key) => [key, finiteOrNull(log.latest(key))]));
  if (json) {
    console.log(JSON.stringify({ ...summary, last }));
    return;
  }
  const facts = [
    ["run", shownPath(run)],
    ["algorithm", `${summary.algorithm} from ${summary.model}`],
    [
      "status",
      `${summary.status}, step ${summary.step} of ${summary.max_steps}, ${formatDuration(summary.time)}`,
    ],
    ...Object.entries(last).filter(([key]) => key.startsWith("eval_accuracy")).map(([key, value]) => [
      key.replace("eval_accuracy", "held-out").replace("/", " "),
      value === null ? "-" : `${(100 * value).toFixed(1)} %`,
    ]),
  ];
  console.log(alignColumns([
    ...facts,
    ...summary.alerts.map(({ rule, step, message }) => ["alert", `${rule} at step ${step}: ${message}`]),
  ]));
  // The loss says little in reinforcement learning, so there it gives way to what stands before it.
  for (const [key, title] of PLOTS.filter(([key]) => log.keys.includes(key)).slice(0, MOST_PLOTS)) {
    const { steps, series } = log.window([key], 0, Infinity, Math.max(10, width - 12));
    console.log(`\n${title}\n${plot(steps, series[key]!.mean, HEIGHT)}`);
  }
}

/**
 * Values as a plot of eighths of a character cell, one column a point, with its range at the left and the steps below.
 * `null` leaves a gap.
 */
export function plot(steps: readonly number[], values: readonly (number | null)[], height: number): string {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return "(no values)";
  const low = Math.min(...known);
  const high = Math.max(...known);
  const top = short(high);
  const bottom = short(low);
  const margin = Math.max(top.length, bottom.length);
  const eighths = values.map((value) =>
    value === null
      ? 0
      : high === low
      ? height * 4
      : 1 + Math.round((value - low) / (high - low) * (height * 8 - 1))
  );
  const lines = Array.from({ length: height }, (_, row) => {
    const below = (height - 1 - row) * 8;
    const cells = eighths.map((level) => " ▁▂▃▄▅▆▇█"[Math.max(0, Math.min(8, level - below))]).join("");
    const label = row === 0 ? top : row === height - 1 ? bottom : "";
    return `${label.padStart(margin)} │${cells}`.trimEnd();
  });
  const [first, last] = [String(steps[0]), String(steps.at(-1))];
  const gap = " ".repeat(Math.max(1, values.length - first.length - last.length));
  return [
    ...lines,
    `${" ".repeat(margin)} └${"─".repeat(values.length)}`,
    `${" ".repeat(margin)}  ${first}${gap}${last}`,
  ]
    .join("\n");
}

function short(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5)
    ? value.toExponential(1)
    : String(Number(value.toPrecision(3)));
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
