// One chart: its figure with legend and table of values, and the plot in it, which is made when it is first drawn.
// Colour tells runs apart where several are shown, else series.

import uPlot from "../vendor/uPlot.js";
import { go } from "./address.js";
import { columnsOf } from "./chart_data.js";
import { saveChart } from "./chart_export.js";
import { seriesOf } from "./chart_list.js";
import { HEIGHT, plotOptions } from "./chart_plot.js";
import { format, lastOf, spoken, valueTable } from "./chart_words.js";
import { lastStep, state } from "./data.js";
import { element, table } from "./dom.js";

const DASHES = [[], [6, 4], [2, 3], [10, 3, 2, 3]];
/** The last of the colours, for what is not the point of a chart. */
const GREY = 7;

/** A chart of some runs, or null where they have nothing to show in it; `zoom` is called with a range of steps. */
export function newChart(spec, runs, zoom) {
  const palette = colors();
  const lines = linesOf(spec, runs, palette);
  if (lines.length === 0) return null;
  const { run } = lines[0];
  const one = lines.every((line) => line.run === run);
  const place = element("div", { class: "plot" });
  const rows = element("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "values" });
  const step = element("span", { class: "step" });
  const fillTable = () => values.open && rows.replaceChildren(valueTable(spec, lines));
  const values = element("details", { ontoggle: fillTable }, element("summary", {}, "values"), rows);
  const caption = spec.unit ? `${spec.title} (${spec.unit})` : spec.title;
  const figure = element(
    "figure",
    {
      tabindex: 0,
      role: "group",
      "aria-label": caption,
      onkeydown: (event) => moveByKey(event, zoom),
    },
    element("figcaption", {}, caption, one && runs.length > 1 ? ` · ${run.name}` : "", step),
    place,
    legendOf(lines),
    element(
      "div",
      { class: "foot" },
      values,
      ...["svg", "png"].map((kind) =>
        element(
          "button",
          {
            class: "export",
            "aria-label": `save ${caption} as ${kind.toUpperCase()}`,
            onclick: () => save(kind),
          },
          kind.toUpperCase(),
        )
      ),
    ),
  );
  const save = (kind) => saveChart({ spec, lines, palette, caption, steps: plot?.data[0] ?? [] }, kind);
  const tellStep = (at) => step.textContent = at === null || at === undefined ? "" : `step ${at}`;
  const openStep = (run, step) => go("rollouts", { focus: run.name, step });
  const options = { spec, lines, bands: one && !spec.stack, palette, zoom, tellStep, openStep };
  let plot = null;
  const size = () => ({ width: place.clientWidth || 320, height: HEIGHT });
  return {
    title: spec.title,
    figure,
    /** The table that opens. */
    values,
    /** Whether what it shows is out of date. */
    stale: true,
    draw() {
      this.stale = false;
      const data = columnsOf(options);
      const steps = data[0];
      if (plot === null) plot = new uPlot({ ...plotOptions(options), ...size() }, data, place);
      else plot.setData(data, false);
      const [min, max] = state.range ?? [steps[0] ?? 0, Math.max(steps.at(-1) ?? 1, (steps[0] ?? 0) + 1)];
      plot.setScale("x", { min, max });
      for (const line of lines) line.value.textContent = format(spec, lastOf(line.drawn ?? []));
      figure.setAttribute("aria-label", `${caption}. ${spoken(spec, lines, steps)}`);
      fillTable();
    },
    resize() {
      if (place.clientWidth > 0) plot?.setSize(size());
    },
    destroy() {
      plot?.destroy();
    },
  };
}

/** What a chart draws: for each line its run, key, label, colour and dashes. */
function linesOf(spec, runs, palette) {
  // Stacked areas of several runs would hide each other.
  const own = spec.stack ? runs.filter((run) => run === state.focus || runs.length === 1) : runs;
  const lines = own.flatMap((run) =>
    seriesOf(spec, run.keys).map((series, index) => ({ run, index, ...series }))
  );
  if (lines.length === 0) return [];
  if (spec.rest) lines.unshift({ run: own[0], index: GREY, label: spec.rest, key: null });
  const several = own.length > 1;
  const sameLabels = lines.every(({ index }) => index === 0);
  return lines.map((line) => {
    const place = several ? Number(line.run.id) : line.index;
    const color = palette.series[place % palette.series.length];
    const dash = several ? DASHES[line.index % DASHES.length] : [];
    const label = !several ? line.label : sameLabels ? line.run.name : `${line.run.name}: ${line.label}`;
    return { ...line, name: line.label, label, color, dash };
  });
}

/** The legend; every line gets the place of its value. Of several runs a table: a row a run, a column a series. */
function legendOf(lines) {
  for (const line of lines) line.value = element("span", { class: "value" });
  const runs = [...new Set(lines.map(({ run }) => run))];
  if (runs.length === 1) {
    const items = lines.map((line) =>
      element("li", {}, swatch(line.color, line.dash), line.label, line.value)
    );
    return element("ul", { class: "legend" }, ...items);
  }
  const names = [...new Set(lines.map(({ name }) => name))];
  const line = (run, name) => lines.find((line) => line.run === run && line.name === name);
  const heading = (name) => {
    const dash = lines.find((line) => line.name === name).dash;
    return element("span", {}, names.length > 1 ? swatch("currentcolor", dash) : "", name);
  };
  const rows = runs.map((run) => [
    element("span", {}, swatch(lines.find((line) => line.run === run).color, []), run.name),
    ...names.map((name) => line(run, name)?.value ?? ""),
  ]);
  return element("div", { class: "scroll legend" }, table(["", ...names.map(heading)], rows));
}

/** A piece of the line: its colour, and its dashes as in the chart. */
function swatch(color, dash) {
  const node = element("span", { class: dash.length > 0 ? "swatch dashed" : "swatch" });
  let at = 0;
  const stops = dash.map((length, i) => `${i % 2 === 0 ? color : "transparent"} ${at}px ${at += length}px`);
  node.style.background = dash.length > 0 ? `repeating-linear-gradient(90deg, ${stops.join(", ")})` : color;
  return node;
}

/** Colours of the theme that is in force; a canvas cannot take them from the style sheet by itself. */
function colors() {
  const probe = document.body.appendChild(element("span"));
  const value = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const found = {
    ink: value("ink"),
    paper: value("paper"),
    soft: value("soft"),
    line: value("line"),
    alert: value("wrong"),
    series: [1, 2, 3, 4, 5, 6, 7, 8].map((i) => value(`series-${i}`)),
  };
  probe.remove();
  return found;
}

function moveByKey(event, zoom) {
  const last = lastStep();
  const [from, to] = state.range ?? [0, last];
  const part = (to - from) / 4;
  const ranges = {
    ArrowLeft: [Math.max(0, from - part), to - Math.min(part, from)],
    ArrowRight: [from + Math.min(part, last - to), Math.min(last, to + part)],
    "+": [from + part, to - part],
    "=": [from + part, to - part],
    "-": [from - 2 * part, to + 2 * part],
    "0": null,
    Escape: null,
  };
  if (event.target.closest(".scroll")) return; // there the keys scroll
  if (!(event.key in ranges) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  zoom(ranges[event.key]);
}
