// The charts: one uPlot each, all with the same range of steps. Colour tells runs apart where several are shown, else
// series; a band shows the extremes of steps that share one point.

import uPlot from "../vendor/uPlot.js";
import { CHARTS, seriesOf } from "./chart_list.js";
import { element, percent, short, table } from "./dom.js";
import { loadWindows, shownRuns, state } from "./data.js";

const HEIGHT = 220;
const DASHES = [[], [6, 4], [2, 3], [10, 3, 2, 3]];

/** The last of the colours, for what is not the point of a chart. */
const GREY = 7;

let charts = [];

/** Colours of the theme that is in force; a canvas cannot take them from the style sheet by itself. */
function colors() {
  const probe = document.body.appendChild(element("span"));
  const value = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const found = {
    soft: value("soft"),
    line: value("line"),
    series: [1, 2, 3, 4, 5, 6, 7, 8].map((i) => value(`series-${i}`)),
  };
  probe.remove();
  return found;
}

/** "rgb(1, 2, 3)" made transparent. */
function faint(color, alpha) {
  return color.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);
}

/** Builds the view. */
export function chartsView(main) {
  const from = element("input", { type: "number", min: 0, placeholder: "first", onchange: () => typed() });
  const to = element("input", { type: "number", min: 0, placeholder: "last", onchange: () => typed() });
  const typed = () => {
    if (from.value === "" && to.value === "") setRange(null);
    else setRange([Number(from.value || 0), Number(to.value || lastStep())]);
  };
  const showRange = () => {
    from.value = state.range ? Math.round(state.range[0]) : "";
    to.value = state.range ? Math.round(state.range[1]) : "";
  };
  const amount = element("output", {}, String(state.smoothing));
  main.replaceChildren(
    element(
      "div",
      { class: "controls" },
      element(
        "label",
        { class: "field" },
        "Smoothing",
        element("input", {
          id: "smoothing",
          type: "range",
          min: 0,
          max: 0.99,
          step: 0.01,
          value: state.smoothing,
          oninput: (event) => {
            state.smoothing = Number(event.target.value);
            amount.textContent = event.target.value;
            drawCharts();
          },
        }),
        amount,
      ),
      element(
        "label",
        { class: "field" },
        element("input", {
          id: "log",
          type: "checkbox",
          checked: state.log,
          onchange: (event) => {
            state.log = event.target.checked;
            buildCharts();
          },
        }),
        "log scale",
      ),
      element("label", { class: "field" }, "steps", from),
      element("label", { class: "field" }, "to", to),
      element("button", { id: "reset", onclick: () => setRange(null) }, "all steps"),
    ),
    element(
      "p",
      { class: "hint" },
      "Drag over a chart to zoom all of them, double-click for all steps. With a chart in focus: arrow keys move, + and - zoom, 0 resets.",
    ),
    element("div", { class: "charts", id: "charts" }),
  );
  onRange = showRange;
  showRange();
  buildCharts();
}

let onRange = () => {};

/** Zooms all charts; null shows everything. Finer points are loaded for what is in view. */
export function setRange(range) {
  const last = lastStep();
  if (range) {
    const from = Math.max(0, Math.min(range[0], last - 1));
    range = [from, Math.max(from + 1, Math.min(range[1], last))];
    if (from <= 0 && range[1] >= last) range = null;
  }
  state.range = range && range.map(Math.round);
  onRange();
  drawCharts();
  clearTimeout(setRange.timer);
  setRange.timer = setTimeout(async () => {
    await loadWindows();
    drawCharts();
  }, 120);
}

function lastStep() {
  return Math.max(1, ...shownRuns().map((run) => run.step));
}

/** Makes the charts new: the runs, the theme or the scale have changed. */
export function buildCharts() {
  const holder = document.getElementById("charts");
  if (!holder) return;
  for (const chart of charts) chart.plot.destroy();
  const runs = shownRuns();
  charts = CHARTS.map((spec) => newChart(spec, runs)).filter((chart) => chart !== null);
  holder.replaceChildren(
    ...charts.map((chart) => chart.figure),
    ...(charts.length === 0 ? [element("p", { class: "empty" }, "No steps yet.")] : []),
  );
  for (const chart of charts) chart.mount();
  drawCharts();
}

/** Draws what is known now. */
export function drawCharts() {
  for (const chart of charts) chart.draw();
}

/** Lets every chart fill its place. */
export function resizeCharts() {
  for (const chart of charts) chart.resize();
}

function newChart(spec, runs) {
  // Stacked areas of several runs would hide each other.
  const own = spec.stack ? runs.filter((run) => run === state.focus || runs.length === 1) : runs;
  const lines = own.flatMap((run) =>
    seriesOf(spec, run.keys).map((series, index) => ({ run, index, name: series.label, ...series }))
  );
  if (lines.length === 0) return null;
  if (spec.rest) lines.unshift({ run: own[0], index: GREY, label: spec.rest, key: null });
  const palette = colors();
  const several = own.length > 1;
  for (const line of lines) {
    const place = several ? runs.indexOf(line.run) : line.index;
    line.color = palette.series[(several ? state.runs.indexOf(line.run) : place) % palette.series.length];
    line.dash = several ? DASHES[line.index % DASHES.length] : [];
    if (several) {
      line.label = lines.some((l) => l.index > 0) ? `${line.run.name}: ${line.label}` : line.run.name;
    }
  }
  const legend = element("ul", { class: "legend" });
  for (const line of lines) {
    line.value = element("span", { class: "value" });
    const swatch = element("span", { class: "swatch" });
    swatch.style.background = line.dash.length
      ? `repeating-linear-gradient(90deg, ${line.color} 0 5px, transparent 5px 8px)`
      : line.color;
    legend.append(element("li", {}, swatch, line.label, line.value));
  }
  const place = element("div", { class: "plot" });
  const rows = element("div", { class: "scroll" });
  const values = element(
    "details",
    {
      ontoggle: () => values.open && rows.replaceChildren(valueTable(spec, lines)),
    },
    element("summary", {}, "values"),
    rows,
  );
  const caption = spec.unit ? `${spec.title} (${spec.unit})` : spec.title;
  const figure = element(
    "figure",
    { tabindex: 0, role: "group", "aria-label": caption, onkeydown: keys },
    element("figcaption", {}, caption, own.length === 1 && runs.length > 1 ? ` · ${own[0].name}` : ""),
    place,
    legend,
    values,
  );
  const bands = !several && !spec.stack;
  const chart = {
    figure,
    plot: null,
    mount() {
      const size = { width: place.clientWidth || 320, height: HEIGHT };
      this.plot = new uPlot(optionsOf(spec, lines, bands, palette, size), [
        [0, 1],
        ...emptyColumns(lines, bands),
      ], place);
    },
    resize() {
      if (this.plot && place.clientWidth > 0) this.plot.setSize({ width: place.clientWidth, height: HEIGHT });
    },
    draw() {
      const data = columnsOf(spec, lines, bands);
      this.plot.setData(data, false);
      const steps = data[0];
      const [min, max] = state.range ?? [steps[0] ?? 0, Math.max(steps.at(-1) ?? 1, (steps[0] ?? 0) + 1)];
      this.plot.setScale("x", { min, max });
      for (const line of lines) line.value.textContent = format(spec, lastOf(line.drawn ?? []));
      figure.setAttribute("aria-label", `${caption}. ${spoken(spec, lines, steps)}`);
      if (values.open) rows.replaceChildren(valueTable(spec, lines));
    },
  };
  return chart;
}

function emptyColumns(lines, bands) {
  return lines.flatMap(() => bands ? [[null, null], [null, null], [null, null]] : [[null, null]]);
}

function optionsOf(spec, lines, bands, palette, size) {
  const log = state.log && !spec.stack;
  const axis = {
    stroke: palette.soft,
    grid: { stroke: palette.line, width: 1 },
    ticks: { stroke: palette.line, width: 1 },
    font: "12px system-ui",
  };
  const points = { show: spec.dots || undefined, size: spec.dots ? 5 : 4 };
  const series = lines.flatMap((line, i) => {
    const main = {
      label: line.label,
      stroke: line.color,
      width: 1.75,
      dash: line.dash,
      spanGaps: true,
      points: { ...points, fill: line.color },
      ...(spec.stack && { fill: faint(line.color, 0.35), width: 1 }),
    };
    if (!bands) return [main];
    const edge = { stroke: "transparent", spanGaps: true, points: { show: false } };
    return [main, { ...edge, label: `${line.label} max` }, { ...edge, label: `${line.label} min ${i}` }];
  });
  return {
    ...size,
    legend: { show: false },
    cursor: {
      sync: { key: "steps", setSeries: false },
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          setRange(null);
          return null;
        },
      },
    },
    scales: {
      x: { time: false, auto: false },
      y: log
        ? { distr: 3 }
        : spec.share
        ? { range: [0, 1] }
        : { range: (_, min, max) => rangeOf(min, max, spec.stack) },
    },
    axes: [axis, {
      ...axis,
      size: 56,
      values: (_, ticks) =>
        ticks.map((tick) => tick === null ? "" : spec.share ? `${short(100 * tick)} %` : short(tick)),
    }],
    series: [{}, ...series],
    bands: bands
      ? lines.map((line, i) => ({ series: [3 * i + 2, 3 * i + 3], fill: faint(line.color, 0.2) }))
      : spec.stack
      ? lines.slice(1).map((_, i) => ({ series: [i + 2, i + 1] }))
      : [],
    hooks: {
      setSelect: [(plot) => {
        const { left, width } = plot.select;
        if (width < 4) return;
        setRange([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      }],
      setCursor: [(plot) => {
        const { idx } = plot.cursor;
        for (const line of lines) {
          const values = line.drawn ?? [];
          line.value.textContent = format(
            spec,
            idx === null || idx === undefined ? lastOf(values) : values[idx],
          );
        }
      }],
    },
  };
}

function rangeOf(min, max, stack) {
  if (min === null || max === null) return [0, 1];
  if (stack) return [0, max || 1];
  const pad = (max - min || Math.abs(max) || 1) * 0.08;
  return [min >= 0 && min - pad < 0 ? 0 : min - pad, max + pad];
}

/** The columns of a chart: steps, then each line, with its extremes where there are bands. */
function columnsOf(spec, lines, bands) {
  const tables = [];
  for (const line of lines) {
    const { steps, series, width } = state.windows.get(line.run.id) ?? { steps: [], series: {}, width: 1 };
    const empty = () => steps.map(() => null);
    const own = series[line.key];
    const raw = scaled(padded(own?.mean, steps), spec);
    const mean = spec.stack || spec.dots ? raw : smoothed(raw, state.smoothing);
    tables.push(
      bands
        ? [
          steps,
          mean,
          own && width > 1 ? scaled(padded(own.max, steps), spec) : raw,
          own && width > 1 ? scaled(padded(own.min, steps), spec) : raw,
        ]
        : [steps, line.key === null ? empty() : mean],
    );
  }
  const data = uPlot.join(tables);
  if (spec.stack) stackUp(spec, data, lines);
  else lines.forEach((line, i) => line.drawn = data[1 + i * (bands ? 3 : 1)]);
  if (state.log && !spec.stack) {
    for (let c = 1; c < data.length; c++) data[c] = data[c].map((value) => value > 0 ? value : null);
  }
  return data;
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

/** Turns shares into running sums, the first one (what is left of 1) at the bottom. */
function stackUp(spec, data, lines) {
  for (let i = 0; i < data[0].length; i++) {
    const parts = lines.map((_, l) => data[l + 1][i]);
    if (parts.every((value) => value === null || value === undefined)) continue;
    if (spec.rest) parts[0] = Math.max(0, 1 - parts.slice(1).reduce((sum, value) => sum + (value ?? 0), 0));
    let sum = 0;
    lines.forEach((line, l) => {
      line.drawn ??= [];
      line.drawn[i] = parts[l];
      sum += parts[l] ?? 0;
      data[l + 1][i] = sum;
    });
  }
  lines.forEach((line) => line.drawn.length = data[0].length);
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

function keys(event) {
  const [from, to] = state.range ?? [0, lastStep()];
  const part = (to - from) / 4;
  const ranges = {
    ArrowLeft: [Math.max(0, from - part), to - Math.min(part, from)],
    ArrowRight: [from + Math.min(part, lastStep() - to), Math.min(lastStep(), to + part)],
    "+": [from + part, to - part],
    "=": [from + part, to - part],
    "-": [from - 2 * part, to + 2 * part],
    "0": null,
    Escape: null,
  };
  if (!(event.key in ranges) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  setRange(ranges[event.key]);
}

function lastOf(values) {
  return values.findLast((value) => value !== null && value !== undefined);
}

function format(spec, value) {
  return spec.share ? percent(value) : short(value);
}

/** A chart in words. */
function spoken(spec, lines, steps) {
  const parts = lines.map((line) => {
    const values = (line.drawn ?? []).filter((value) => value !== null && value !== undefined);
    return values.length === 0
      ? `${line.label}: no values`
      : `${line.label}: ${format(spec, values[0])} at first, ${format(spec, values.at(-1))} at last`;
  });
  return `Steps ${steps[0] ?? 0} to ${steps.at(-1) ?? 0}. ${parts.join(". ")}.`;
}

/** At most fifty of the points, as a table. */
function valueTable(spec, lines) {
  const points = new Map();
  for (const line of lines) {
    const { steps } = state.windows.get(line.run.id) ?? { steps: [] };
    steps.forEach((step) => points.set(step, true));
  }
  const steps = [...points.keys()].sort((a, b) => a - b);
  const stride = Math.max(1, Math.ceil(steps.length / 50));
  const rows = [];
  for (let i = (steps.length - 1) % stride; i < steps.length; i += stride) {
    rows.push([String(steps[i]), ...lines.map((line) => format(spec, line.drawn?.[i]))]);
  }
  return table(["step", ...lines.map((line) => line.label)], rows);
}
