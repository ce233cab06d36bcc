// A chart in words and numbers: for its legend, for screen readers, and as a table.

import { percent, short, table } from "./dom.js";
import { state } from "./data.js";

export function lastOf(values) {
  return values.findLast(isKnown);
}

function isKnown(value) {
  return value !== null && value !== undefined;
}

export function format(spec, value) {
  return spec.share ? percent(value) : short(value);
}

/** What a screen reader says of a chart. */
export function spoken(spec, lines, steps) {
  const parts = lines.map(({ label, drawn = [] }) => {
    const first = drawn.find(isKnown);
    return first === undefined
      ? `${label}: no values`
      : `${label}: ${format(spec, first)} at first, ${format(spec, lastOf(drawn))} at last`;
  });
  const alerts = [...new Set(lines.map(({ run }) => run))].flatMap((run) => run.alerts)
    .map(({ rule, step }) => ` Alert ${rule} at step ${step}.`);
  return `Steps ${steps[0] ?? 0} to ${steps.at(-1) ?? 0}. ${parts.join(". ")}.${alerts.join("")}`;
}

/** At most fifty of the points, as a table. */
export function valueTable(spec, lines) {
  const all = lines.flatMap(({ run }) => state.windows.get(run.id)?.steps ?? []);
  const steps = [...new Set(all)].sort((a, b) => a - b);
  const stride = Math.max(1, Math.ceil(steps.length / 50));
  const rows = [];
  for (let i = (steps.length - 1) % stride; i < steps.length; i += stride) {
    rows.push([String(steps[i]), ...lines.map((line) => format(spec, line.drawn?.[i]))]);
  }
  return table(["step", ...lines.map((line) => line.label)], rows);
}
