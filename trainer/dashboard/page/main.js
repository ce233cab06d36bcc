// The page: the runs and the views of them. What a view shows follows the run in focus; the charts show all that are
// ticked. The address keeps the view, so that a reload stays where it was.

import { buildCharts, chartsView, drawCharts, resizeCharts } from "./charts.js";
import { addPoints, get, listen, loadWindows, state } from "./data.js";
import { duration, element, percent, say } from "./dom.js";
import { problemsView } from "./problems.js";
import { rolloutsView } from "./rollouts.js";
import { runView } from "./run.js";

const VIEWS = { charts: chartsView, problems: problemsView, rollouts: rolloutsView, run: runView };
const main = document.getElementById("main");
let view = "charts";
/** What the view on the screen does when its run has news; a view without needs none. */
let onNews = () => {};

function showTheme(theme) {
  document.documentElement.style.colorScheme = theme;
  if (view === "charts") buildCharts();
}

function theme() {
  const control = document.getElementById("theme");
  control.value = localStorage.getItem("ghpo-theme") ?? "light dark";
  showTheme(control.value);
  control.addEventListener("change", () => {
    localStorage.setItem("ghpo-theme", control.value);
    showTheme(control.value);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => showTheme(control.value));
}

async function show(name) {
  view = name in VIEWS ? name : "charts";
  for (const tab of document.querySelectorAll('[role="tab"]')) {
    const chosen = tab.id === `tab-${view}`;
    tab.setAttribute("aria-selected", chosen);
    tab.tabIndex = chosen ? 0 : -1;
  }
  main.setAttribute("aria-labelledby", `tab-${view}`);
  onNews = () => {};
  // Each in a place of its own: a view that answers late must not replace the one that was chosen meanwhile.
  const place = main.appendChild(element("div"));
  main.replaceChildren(place);
  if (state.focus === null) {
    place.append(element("p", { class: "empty" }, "There are no runs in the given folders yet."));
    return;
  }
  try {
    const news = await VIEWS[view](place);
    if (place.isConnected && news) onNews = news;
  } catch (error) {
    place.replaceChildren(element("p", { class: "empty" }, error.message));
  }
}

function tabs() {
  const all = [...document.querySelectorAll('[role="tab"]')];
  for (const [i, tab] of all.entries()) {
    tab.addEventListener("click", () => location.hash = tab.id.slice(4));
    tab.addEventListener("keydown", (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!move) return;
      const next = all[(i + move + all.length) % all.length];
      next.focus();
      location.hash = next.id.slice(4);
    });
  }
  addEventListener("hashchange", () => {
    if (location.hash !== "#main") show(location.hash.slice(1));
  });
}

/** The list of runs: a tick shows a run's curves, its name brings it into focus. */
function drawRuns() {
  document.getElementById("runs").replaceChildren(...state.runs.map((run, i) => {
    const swatch = element("span", { class: "swatch" });
    swatch.style.background = `var(--series-${(i % 8) + 1})`;
    run.line = element("span");
    tellProgress(run);
    return element(
      "li",
      { class: run === state.focus ? "focused" : "" },
      state.runs.length === 1 ? null : element("input", {
        type: "checkbox",
        checked: run.shown,
        "aria-label": `show the curves of ${run.name}`,
        onchange: async (event) => {
          run.shown = event.target.checked;
          await loadWindows();
          buildCharts();
        },
      }),
      state.runs.length === 1 ? null : swatch,
      element("button", {
        class: "name",
        "aria-pressed": run === state.focus,
        onclick: () => {
          state.focus = run;
          drawRuns();
          show(view);
        },
      }, run.name),
      run.line,
    );
  }));
}

/** Brings the line of a run up to date; the rest of the list stays, and with it the keyboard's focus. */
function tellProgress(run) {
  const words = [
    run.algorithm,
    run.status,
    `step ${run.step}/${run.max_steps}`,
    duration(run.time),
    run.accuracy === null ? "" : `accuracy ${percent(run.accuracy)}`,
  ];
  run.line.className = `status ${run.status}`;
  run.line.textContent = words.filter(Boolean).join(" · ");
}

/** News of a run: points to add, or word that it must be loaded again. */
async function onEvent({ run: id, summary, window, after, reload }) {
  const run = state.runs.find((run) => run.id === id);
  if (!run) return await loadRuns();
  const first = run.keys.length === 0;
  Object.assign(run, summary);
  tellProgress(run);
  if (reload || addPoints(id, window, after)) await loadWindows([run]);
  const before = run.keys.length;
  run.keys = [...new Set([...run.keys, ...Object.keys(window?.series ?? {})])];
  if (view === "charts") first || run.keys.length !== before ? buildCharts() : drawCharts();
  if (run === state.focus) onNews();
}

/** Takes the list of runs; those that were there keep their ticks. */
async function loadRuns() {
  const hidden = state.runs.filter((run) => !run.shown).map((run) => run.id);
  state.runs = (await get("api/runs")).map((run) => ({ ...run, shown: !hidden.includes(run.id) }));
  state.focus = state.runs.find((run) => run.id === state.focus?.id) ??
    state.runs.find((run) => run.status === "running") ?? state.runs[0] ?? null;
  drawRuns();
  await show(location.hash.slice(1));
  await loadWindows(); // after the charts are there, which tell how many points they can show
  drawCharts();
}

async function start() {
  tabs();
  theme();
  await loadRuns();
  let lost = false;
  listen(onEvent, (open) => {
    const live = document.getElementById("live");
    live.textContent = open ? "live" : "not connected";
    live.classList.toggle("lost", !open);
    if (open && lost) loadRuns().catch((error) => say(error.message)); // what was missed meanwhile
    lost = !open;
  });
  addEventListener("resize", resizeCharts);
  document.body.dataset.ready = "true";
}

start().catch((error) => say(error.message));
