// What the page knows of the runs, and how it hears of more: JSON for what is asked for, server-sent events for news.

import { chartedKeys } from "./chart_list.js";

/** Pixels that the scale beside a curve takes. */
const AXIS = 56;

/** Runs as the server lists them, with `shown` and `color` added. The focused run is the one that details are of. */
export const state = {
  runs: [],
  focus: null,
  /** Words that the runs in the list must hold. */
  filter: "",
  smoothing: 0,
  log: false,
  /** Whether the numbers that no chart of the list shows have charts, too. */
  more: false,
  /** Steps in view, or null for all. */
  range: null,
  /** Run id -> { width, steps, series } of what is in view. */
  windows: new Map(),
};

export async function get(path, query = {}) {
  const known = Object.entries(query).filter(([, value]) =>
    value !== undefined && value !== null && value !== ""
  );
  const response = await fetch(`${path}?${new URLSearchParams(known)}`);
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail);
  return body;
}

export async function post(path, body) {
  const headers = { "content-type": "application/json", "x-ghpo": "1" };
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail);
  return answer;
}

export function shownRuns() {
  return state.runs.filter((run) => run.shown);
}

/** The last step of the runs whose curves are shown. */
export function lastStep() {
  return Math.max(1, ...shownRuns().map((run) => run.step));
}

/** Loads the curves of the runs in view, as many points as a chart has pixels. */
export async function loadWindows(runs = shownRuns()) {
  const [from, to] = state.range ?? [];
  const width = document.querySelector(".plot")?.clientWidth ?? 0;
  const points = Math.max(300, Math.min(width - AXIS, 1000));
  await Promise.all(runs.map(async (run) => {
    const query = { keys: chartedKeys(run.keys, state.more).join(","), from, to, points };
    state.windows.set(run.id, await get(`api/runs/${run.id}/metrics`, query));
  }));
}

/**
 * Adds the points of an event, which come after the step `after`, to what is in view; true when the curves must be
 * loaded again instead.
 */
export function addPoints(id, { steps, series }, after) {
  const own = state.windows.get(id);
  if (!own || state.range) return false;
  const before = own.steps.length;
  if ((own.steps.at(-1) ?? after) !== after) return true; // some were missed, or are there already
  own.steps.push(...steps);
  for (const [key, { mean, min, max }] of Object.entries(series)) {
    const known = own.series[key] ??= own.width > 1 ? { mean: [], min: [], max: [] } : { mean: [] };
    for (const [name, values] of Object.entries({ mean, min: min ?? mean, max: max ?? mean })) {
      if (!known[name]) continue;
      while (known[name].length < before) known[name].push(null);
      known[name].push(...values);
    }
  }
  return own.steps.length > 2000;
}

/** Calls back with every event; the browser connects again by itself. */
export function listen(onEvent, onState) {
  let source;
  const connect = () => {
    source = new EventSource("api/events");
    source.addEventListener("run", (event) => onEvent(JSON.parse(event.data)));
    source.addEventListener("open", () => onState(true));
    source.addEventListener("error", () => onState(false));
  };
  connect();
  // A page that the browser keeps for its back button would keep the connection, of which it has few, too.
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}
