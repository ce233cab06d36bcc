// The problem view: every problem of the run in focus with its visits, the guidance that each needed, and its groups.

import { keep, setting } from "./address.js";
import { element, newSteps, percent, select, shape, short } from "./dom.js";
import { get, state } from "./data.js";
import { groupView } from "./rollouts.js";

const NAMES = ["family", "problem", "text"];
const filter = {};

export async function problemsView(main) {
  const list = element("div", { id: "problems" });
  const count = element("span", { class: "count", role: "status" });
  const more = element("button", { onclick: () => load(false) }, "show more");
  const controls = element("div", { class: "controls" });
  const news = newSteps(() => load(true));
  main.replaceChildren(
    controls,
    element(
      "p",
      { class: "hint" },
      "Hardest first, by the last visit. A bar is a visit: its height the guidance level, its colour whether any completion was right.",
    ),
    news.node,
    list,
    more,
  );
  const run = state.focus;
  for (const name of NAMES) filter[name] = setting(name);
  const change = (name) => (value) => {
    filter[name] = value;
    keep({ [name]: value });
    load(true);
  };
  const search = (label, name) =>
    element(
      "label",
      { class: "field" },
      label,
      element("input", {
        type: "search",
        value: filter[name],
        onchange: (event) => change(name)(event.target.value),
      }),
    );
  let offset = 0;
  let shown = Infinity;
  const load = async (fresh) => {
    if (fresh) offset = 0;
    const answer = await get(`api/runs/${run.id}/problems`, { ...filter, offset });
    if (fresh) list.replaceChildren();
    if (controls.childElementCount === 0) {
      controls.append(
        select(
          "family",
          [["", "all"], ...answer.families.map((name) => [name, name])],
          filter.family,
          change("family"),
        ),
        search("problem", "problem"),
        search("in completions", "text"),
        count,
      );
    }
    const stages = Math.max(3, ...answer.stages);
    list.append(...answer.problems.map((problem) => problemView(run, problem, stages, answer)));
    // A run of supervised fine-tuning writes none.
    shown = answer.last_step === 0 && run.step > 0 ? Infinity : answer.last_step;
    news.tell(run, shown);
    offset += answer.problems.length;
    more.hidden = offset >= answer.total;
    count.textContent = answer.total === 0
      ? "No rollouts were written by this run."
      : `${answer.total} problems in steps ${answer.first_step}–${answer.last_step}`;
  };
  await load(true);
  return () => news.tell(run, shown);
}

function problemView(run, { id, text, visits }, stages, { first_step, last_step }) {
  const last = visits.at(-1);
  const times = visits.length === 1 ? "1 visit" : `${visits.length} visits`;
  const details = element(
    "details",
    { class: "group problem" },
    element(
      "summary",
      {},
      element("span", { class: "start", title: id }, text ?? id),
      history(visits, stages, first_step, last_step),
      element("span", { class: "name" }, times),
      element(
        "span",
        { class: `badge stage-${Math.min(last.stage, 3)}` },
        last.stage === 0 ? "no hint" : `stage ${last.stage}`,
      ),
      element(
        "span",
        { class: "chips", title: "un-hinted accuracy at the last visit" },
        percent(last.accuracy_unhinted),
      ),
    ),
  );
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    const words = visits.map((visit) =>
      `step ${visit.step}: ${visit.stage === 0 ? "no hint" : `stage ${visit.stage}`}, un-hinted ${
        percent(visit.accuracy_unhinted)
      }, at last ${percent(visit.accuracy)}`
    );
    details.append(
      element(
        "div",
        { class: "body" },
        element("ol", { class: "visits" }, ...words.map((text) => element("li", {}, text))),
        ...[...visits].reverse().map((visit) => groupView(run, visit)),
      ),
    );
  });
  return details;
}

/** The visits of a problem over the steps: a bar as high as the guidance level. */
function history(visits, stages, first, last) {
  const svg = shape("svg", {
    viewBox: "0 0 120 24",
    class: "history",
    role: "img",
    "aria-label": `guidance levels: ${visits.map((visit) => visit.stage).join(", ")}; un-hinted accuracy: ${
      visits.map((visit) => short(visit.accuracy_unhinted)).join(", ")
    }`,
  });
  svg.append(shape("line", { x1: 0, x2: 120, y1: 23.5, y2: 23.5, class: "base" }));
  for (const { step, stage, accuracy } of visits) {
    const height = 4 + (19 * stage) / stages;
    const x = last === first ? 58 : (115 * (step - first)) / (last - first);
    svg.append(
      shape("rect", { x, y: 23 - height, width: 4, height, class: accuracy > 0 ? "solved" : "unsolved" }),
    );
  }
  return svg;
}
