// The list of runs on top of every view: a tick shows a run's curves, its name brings it into focus. Running ones come
// first, then the newest.

import { keep, setting } from "./address.js";
import { state } from "./data.js";
import { duration, element, percent } from "./dom.js";

/** Curves that are shown unless the address says otherwise. */
const SHOWN_AT_FIRST = 8;
const ACTIVE = ["running", "paused"];

/** In the order of the list, with `shown` as the address or the default has it. */
export function arranged(runs) {
  const active = (run) => ACTIVE.includes(run.status) ? 1 : 0;
  const sorted = runs.toSorted((a, b) => active(b) - active(a) || b.updated.localeCompare(a.updated));
  const wanted = setting("shown");
  const names = new Set(wanted.split(","));
  return sorted.map((run, place) => ({
    ...run,
    shown: wanted === "" ? place < SHOWN_AT_FIRST : names.has(run.name),
  }));
}

/** Runs whose name, algorithm, status or tags hold the words of the filter. */
export function listed() {
  const words = state.filter.toLowerCase().split(/\s+/).filter(Boolean);
  return state.runs.filter(({ name, algorithm, status, notes }) => {
    const text = [name, algorithm, status, ...notes.tags, notes.note].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Sets which runs' curves are shown. */
export function showOnly(isShown) {
  for (const run of state.runs) run.shown = isShown(run);
  const names = state.runs.filter(({ shown }) => shown).map(({ name }) => name);
  keep({ shown: names.length === 0 ? "-" : names.join(",") });
}

/** Draws list and controls; `onShown` is called when other curves are to be shown, `onFocus` with a run. */
export function drawRunList(onShown, onFocus) {
  const one = state.runs.length === 1;
  const choose = (isShown) => () => {
    showOnly(isShown);
    drawRunList(onShown, onFocus);
    onShown();
  };
  const filter = document.getElementById("filter");
  filter.value = state.filter;
  filter.oninput = () => {
    state.filter = filter.value;
    keep({ filter: filter.value });
    drawRunList(onShown, onFocus);
    filter.dispatchEvent(new Event("filtered"));
  };
  document.getElementById("run-tools").hidden = one;
  document.getElementById("show-all").onclick = choose((run) => listed().includes(run));
  document.getElementById("show-none").onclick = choose(() => false);
  document.getElementById("runs").replaceChildren(
    ...listed().map((run) => {
      const swatch = element("span", { class: "swatch" });
      swatch.style.background = `var(--series-${(Number(run.id) % 8) + 1})`;
      run.line = element("span");
      tellProgress(run);
      const tick = element("input", {
        type: "checkbox",
        checked: run.shown,
        "aria-label": `show the curves of ${run.name}`,
        onchange: (event) => {
          showOnly((other) => other === run ? event.target.checked : other.shown);
          onShown();
        },
      });
      return element(
        "li",
        { class: run === state.focus ? "focused" : "" },
        one ? null : tick,
        one ? null : swatch,
        element(
          "button",
          { class: "name", "aria-pressed": run === state.focus, onclick: () => onFocus(run) },
          run.name,
        ),
        run.line,
        one ? null : element(
          "button",
          { class: "only", "aria-label": `show only ${run.name}`, onclick: choose((other) => other === run) },
          "only",
        ),
      );
    }),
  );
}

/** Brings the line of a run up to date; the rest of the list stays, and with it the keyboard's focus. */
export function tellProgress(run) {
  const alerts = run.alerts.length;
  const words = [
    run.algorithm,
    run.status,
    `step ${run.step}/${run.max_steps}`,
    duration(run.time),
    run.accuracy === null ? "" : `accuracy ${percent(run.accuracy)}`,
    alerts === 0 ? "" : alerts === 1 ? "1 alert" : `${alerts} alerts`,
    ...run.notes.tags.map((tag) => `#${tag}`),
  ];
  if (!run.line) return; // filtered out of the list
  run.line.className = `status ${run.status}`;
  run.line.textContent = words.filter(Boolean).join(" · ");
}
