// From the points of the runs to the columns that a chart draws: runs joined over their steps, smoothed, stacked.

import uPlot from "../vendor/uPlot.js";
import { state } from "./data.js";

/** The columns of a chart: steps, then each line, with its extremes where there are bands. Sets `drawn` of each line. */
export function columnsOf({ spec, lines, bands }) {
  const data = uPlot.join(lines.map((line) => ownColumns(spec, line, bands)));
  if (spec.stack) stackUp(spec, data, lines);
  else lines.forEach((line, i) => line.drawn = data[1 + i * (bands ? 3 : 1)]);
  if (state.log && !spec.stack) {
    for (let c = 1; c < data.length; c++) data[c] = data[c].map((value) => value > 0 ? value : null);
  }
  return data;
}

function ownColumns(spec, line, bands) {
  const { steps, series, width } = state.windows.get(line.run.id) ?? { steps: [], series: {}, width: 1 };
  const own = series[line.key];
  const column = (values) => scaled(padded(values, steps), spec);
  const raw = column(own?.mean);
  const mean = spec.stack || spec.dots ? raw : smoothed(raw, state.smoothing);
  if (!bands) return [steps, mean];
  const apart = own && width > 1;
  return [steps, mean, apart ? column(own.max) : raw, apart ? column(own.min) : raw];
}

/** A series that began late or has not come yet, as long as the steps. */
function padded(values, steps) {
  const own = values ? values.slice(0, steps.length) : [];
  while (own.length < steps.length) own.push(null);
  return own;
}

function scaled(values, { scale }) {
  return scale ? values.map((value) => value === null ? null : value * scale) : values;
}

/** Exponential moving average without the bias of its start. */
function smoothed(values, weight) {
  if (weight === 0) return values;
  let [sum, total] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    total = weight * total + (1 - weight);
    return sum / total;
  });
}

/** Turns shares into running sums, the first one (what is left of 1) at the bottom. */
function stackUp(spec, data, lines) {
  for (const line of lines) line.drawn = Array(data[0].length).fill(null);
  for (let i = 0; i < data[0].length; i++) {
    const parts = lines.map((_, l) => data[l + 1][i]);
    if (parts.every((value) => value === null || value === undefined)) continue;
    if (spec.rest) parts[0] = Math.max(0, 1 - parts.slice(1).reduce((sum, value) => sum + (value ?? 0), 0));
    let sum = 0;
    lines.forEach((line, l) => {
      line.drawn[i] = parts[l];
      sum += parts[l] ?? 0;
      data[l + 1][i] = sum;
    });
  }
}
