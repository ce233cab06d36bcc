// The page: the runs and the views of them. What a view shows follows the run in focus; the charts show all that are
// ticked. The address keeps all of it (address.js).

import { go, keep, setting, viewInAddress } from "./address.js";
import { buildCharts, chartsView, drawCharts, resizeCharts } from "./charts.js";
import { addPoints, get, listen, loadWindows, state } from "./data.js";
import { element, say } from "./dom.js";
import { problemsView } from "./problems.js";
import { rolloutsView } from "./rollouts.js";
import { runView } from "./run.js";
import { arranged, drawRunList, tellProgress } from "./run_list.js";
import { runsTable } from "./runs_table.js";

const VIEWS = {
  charts: chartsView,
  problems: problemsView,
  rollouts: rolloutsView,
  run: runView,
  runs: runsTable,
};
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
    tab.addEventListener("click", () => go(tab.id.slice(4)));
    tab.addEventListener("keydown", (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!move) return;
      const next = all[(i + move + all.length) % all.length];
      next.focus();
      go(next.id.slice(4));
    });
  }
  addEventListener("hashchange", () => {
    if (location.hash !== "#main") followAddress().catch((error) => say(error.message));
  });
}

/** Takes everything that the address says; the view is made new. */
async function followAddress() {
  readAddress();
  state.runs = arranged(state.runs);
  state.focus = focusOf(state.runs);
  drawList();
  await show(viewInAddress());
  await loadWindows();
  if (view === "charts") buildCharts();
}

/** The settings of the charts and of the list. */
function readAddress() {
  state.filter = setting("filter");
  state.smoothing = Number(setting("smooth")) || 0;
  state.log = setting("log") === "1";
  state.more = setting("more") === "1";
  const [from, to] = [setting("from"), setting("to")];
  state.range = from === "" || to === "" ? null : [Number(from), Number(to)];
}

/** The run that the address names, else the one that was in focus, else the first. */
function focusOf(runs) {
  const named = setting("focus");
  return runs.find((run) => run.name === named) ?? runs.find((run) => run.id === state.focus?.id) ??
    runs[0] ?? null;
}

function drawList() {
  drawRunList(
    async () => {
      await loadWindows();
      if (view === "charts") buildCharts();
    },
    (run) => {
      state.focus = run;
      keep({ focus: run.name, open: null });
      drawList();
      show(view);
    },
  );
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
  if (run === state.focus || view === "runs") onNews();
}

/** Takes the list of runs. */
async function loadRuns() {
  readAddress();
  state.runs = arranged(await get("api/runs"));
  state.focus = focusOf(state.runs);
  drawList();
  await show(viewInAddress());
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
