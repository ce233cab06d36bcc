// The view of all charts: what they have in common (smoothing, scale, the range of steps) and when each is drawn. Those
// on the screen are drawn in the next frame, the others when the browser has nothing else to do.

import { newChart } from "./chart.js";
import { keep } from "./address.js";
import { CHARTS, otherCharts, otherKeys } from "./chart_list.js";
import { element } from "./dom.js";
import { lastStep, loadWindows, shownRuns, state } from "./data.js";

let charts = [];
let frame = null;
let idle = null;
let onRange = () => {};
/** Whether a chart is being pressed, to drag over it or to click; and whether new charts wait for the end of that. */
let pressed = false;
let outdated = false;

for (const type of ["pointerup", "pointercancel"]) {
  addEventListener(type, () => setTimeout(release)); // after the charts had their mouseup and click
}

function release() {
  pressed = false;
  if (outdated) buildCharts();
}

/** Builds the view. */
export function chartsView(main) {
  const from = element("input", { type: "number", min: 0, placeholder: "first", onchange: () => typed() });
  const to = element("input", { type: "number", min: 0, placeholder: "last", onchange: () => typed() });
  const typed = () => {
    if (from.value === "" && to.value === "") setRange(null);
    else setRange([Number(from.value || 0), Number(to.value || lastStep())]);
  };
  const amount = element("output", {}, String(state.smoothing));
  const smoothing = element("input", {
    id: "smoothing",
    type: "range",
    min: 0,
    max: 0.99,
    step: 0.01,
    value: state.smoothing,
    oninput: (event) => {
      state.smoothing = Number(event.target.value);
      amount.textContent = event.target.value;
      keep({ smooth: state.smoothing || null });
      drawCharts();
    },
  });
  const log = element("input", {
    id: "log",
    type: "checkbox",
    checked: state.log,
    onchange: (event) => {
      state.log = event.target.checked;
      keep({ log: state.log });
      buildCharts();
    },
  });
  main.replaceChildren(
    element(
      "div",
      { class: "controls" },
      element("label", { class: "field" }, "Smoothing", smoothing, amount),
      element("label", { class: "field" }, log, "log scale"),
      element("label", { class: "field" }, "steps", from),
      element("label", { class: "field" }, "to", to),
      element("button", { id: "reset", onclick: () => setRange(null) }, "all steps"),
    ),
    element(
      "p",
      { class: "hint" },
      "Drag over a chart to zoom all of them, double-click for all steps. With a chart in focus: arrow keys move, + and - zoom, 0 resets.",
    ),
    element("div", { class: "charts", id: "charts", onpointerdown: press }),
    moreCharts(),
  );
  pressed = false;
  onRange = () => {
    from.value = state.range ? state.range[0] : "";
    to.value = state.range ? state.range[1] : "";
  };
  onRange();
  buildCharts();
}

/** Not by a scroll bar or for a menu, of which no end is heard everywhere. */
function press({ button, target }) {
  if (button === 0 && target.closest(".u-over, summary, button")) pressed = true;
}

/** The place of the charts of all other numbers, which are loaded when it is opened. */
function moreCharts() {
  const summary = element("summary", { id: "more" });
  const details = element(
    "details",
    { open: state.more },
    summary,
    element("div", { class: "charts", id: "others", onpointerdown: press }),
  );
  details.addEventListener("toggle", async () => {
    if (details.open === state.more) return;
    state.more = details.open;
    keep({ more: state.more });
    if (state.more) await loadWindows();
    buildCharts();
  });
  return details;
}

/** Zooms all charts; null shows everything. Finer points are loaded for what is in view. */
export function setRange(range) {
  const last = lastStep();
  if (range) {
    const from = Math.max(0, Math.min(range[0], last - 1));
    range = [from, Math.max(from + 1, Math.min(range[1], last))];
    if (from <= 0 && range[1] >= last) range = null;
  }
  state.range = range && range.map(Math.round);
  keep({ from: state.range?.[0], to: state.range?.[1] });
  onRange();
  drawCharts();
  clearTimeout(setRange.timer);
  setRange.timer = setTimeout(async () => {
    await loadWindows();
    drawCharts();
  }, 120);
}

/**
 * Makes the charts new: the runs, their keys, the theme or the scale have changed. Whoever is in the midst of using one
 * finds it as it was: a drag or click is finished first, open tables stay open, and the keyboard stays where it is.
 */
export function buildCharts() {
  const holder = document.getElementById("charts");
  if (!holder) return;
  outdated = pressed;
  if (pressed) return;
  const opened = new Set(charts.filter(({ values }) => values.open).map(({ title }) => title));
  const focused = charts.find(({ figure }) => figure.contains(document.activeElement));
  const control = focused && controlsOf(focused).indexOf(document.activeElement);
  for (const chart of charts) chart.destroy();
  const runs = shownRuns();
  const made = (specs) =>
    specs.map((spec) => newChart(spec, runs, setRange)).filter((chart) => chart !== null);
  const keys = [...new Set(runs.flatMap((run) => run.keys))];
  const usual = made(CHARTS);
  const others = state.more ? made(otherCharts(keys)) : [];
  charts = [...usual, ...others];
  const none = runs.length === 0 ? "No run is ticked." : "No steps yet.";
  holder.replaceChildren(
    ...usual.map((chart) => chart.figure),
    ...(usual.length === 0 ? [element("p", { class: "empty" }, none)] : []),
  );
  document.getElementById("others").replaceChildren(...others.map((chart) => chart.figure));
  for (const chart of charts) chart.values.open = opened.has(chart.title);
  const again = charts.find(({ title }) => title === focused?.title);
  if (again) controlsOf(again)[control]?.focus({ preventScroll: true });
  document.getElementById("more").textContent = `All other logged numbers (${otherKeys(keys).length})`;
  drawCharts();
}

/** What the keyboard reaches in a chart. */
function controlsOf({ figure }) {
  return [figure, ...figure.querySelectorAll("summary, button, [tabindex]")];
}

/** Draws what is known now. */
export function drawCharts() {
  for (const chart of charts) chart.stale = true;
  frame ??= requestAnimationFrame(() => {
    frame = null;
    for (const chart of charts.filter(isOnScreen)) chart.draw();
    idle ??= requestIdleCallback(drawRest);
  });
}

function isOnScreen({ figure }) {
  const { top, bottom } = figure.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}

function drawRest(deadline) {
  idle = null;
  for (const chart of charts.filter(({ stale }) => stale)) {
    if (deadline.timeRemaining() < 1) {
      idle = requestIdleCallback(drawRest);
      return;
    }
    chart.draw();
  }
}

/** Lets every chart fill its place. */
export function resizeCharts() {
  for (const chart of charts) chart.resize();
}
