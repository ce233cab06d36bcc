// The report's behaviour in the browser: draws the table from the embedded data, filters the problems and
// shows an answer when it is opened. Everything from a model is put in as text, never as HTML.

import { element } from "./shapes.js";
import { comparisonTable, scoreTable } from "./tables.js";
import { richText, titleOf } from "./text.js";

const data = JSON.parse(document.getElementById("data").textContent);
const PAGE = 100;

const kindOf = ({ verdict }) => verdict === true ? "right" : verdict === false ? "wrong" : "undecided";
const SIGNS = { right: "✓", wrong: "✗", undecided: "?" };

function sampleView(row, withMath) {
  const kind = kindOf(row);
  const facts = [
    row.extracted === null ? "no answer found" : `answer: ${row.extracted.trim()}`,
    `${row.tier}: ${row.reason}`,
    row.trace_correct === null ? "" : row.trace_correct ? "whole trace right" : "trace not right",
    row.finish_reason === "length" ? "cut off" : "",
    row.graded === "reasoning" ? "the reasoning was graded" : "",
    row.tokens === null ? "" : `${row.tokens} tokens`,
  ].filter((fact) => fact !== "");
  const caption = element("div", { class: "caption" });
  caption.append(
    element("strong", { class: kind }, `${SIGNS[kind]} sample ${row.sample + 1}`),
    ` · ${facts.join(" · ")}`,
  );
  const view = element("div", {}, caption);
  const fromReasoning = row.graded === "reasoning";
  if (row.reasoning) {
    const text = richText(row.reasoning, fromReasoning ? row.span : null, withMath);
    view.append(
      element("details", fromReasoning ? { open: "" } : {}, element("summary", {}, "reasoning"), text),
    );
  }
  if (!fromReasoning || row.completion) {
    view.append(richText(row.completion, fromReasoning ? null : row.span, withMath));
  }
  return view;
}

/** One problem as a line that opens. `sides` holds the rows of one run, or of two to compare. */
function problemView(sides, withMath) {
  const first = sides.flat()[0];
  const chips = element("span", { class: "chips" });
  sides.forEach((rows, side) => {
    if (side > 0) chips.append("→");
    for (const row of rows) {
      const label = { role: "img", "aria-label": kindOf(row), title: kindOf(row) };
      chips.append(element("span", { class: kindOf(row), ...label }, SIGNS[kindOf(row)]));
    }
  });
  // Results written before the question was kept have only the prompt, which it usually ends.
  const question = first.question || first.prompt.split("\n\n").at(-1);
  const summary = element(
    "summary",
    {},
    element(
      "span",
      { class: "name" },
      `${first.benchmark}${first.level === null ? "" : ` · ${first.level}`}`,
    ),
    titleOf(question, withMath),
    chips,
  );
  const details = element("details", { class: "problem" }, summary);
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    const body = element("div", { class: "body" });
    body.append(
      element("div", { class: "caption" }, `Prompt of ${first.problem_id}`),
      richText(first.prompt, null, withMath),
    );
    body.append(
      element("div", { class: "caption" }, "Right answer"),
      richText(/^[^$]*\\[a-z]/.test(first.gold) ? `$${first.gold}$` : first.gold, null, withMath),
    );
    if (sides.length === 1) body.append(...sides[0].map((row) => sampleView(row, withMath)));
    else {
      const pair = element("div", { class: "pair" });
      sides.forEach((rows, side) => {
        const heading = element("strong", {}, `${side === 0 ? "A" : "B"}: ${data.runs[side].result.model}`);
        pair.append(element("div", {}, heading, ...rows.map((row) => sampleView(row, withMath))));
      });
      body.append(pair);
    }
    details.append(body);
  });
  return details;
}

const SHOW = {
  all: () => true,
  wrong: (sides) => sides[0].some((row) => kindOf(row) !== "right"),
  right: (sides) => sides[0].every((row) => kindOf(row) === "right"),
  unread: (sides) => sides.flat().some((row) => row.extracted === null),
  undecided: (sides) => sides.flat().some((row) => kindOf(row) === "undecided"),
  lucky: (sides) => sides.flat().some((row) => row.verdict === true && row.trace_correct === false),
  truncated: (sides) => sides.flat().some((row) => row.finish_reason === "length"),
  won: (sides) => shareRight(sides[1]) > shareRight(sides[0]),
  lost: (sides) => shareRight(sides[1]) < shareRight(sides[0]),
};
const shareRight = (rows) => rows.filter((row) => row.verdict === true).length / rows.length;

function problems() {
  const runs = data.runs.map((run) => Map.groupBy(run.rows, (row) => `${row.benchmark}\n${row.problem_id}`));
  const keys = [...runs[0].keys()].filter((key) => runs.every((run) => run.has(key)));
  const all = keys.map((key) => runs.map((run) => run.get(key)));
  const list = document.getElementById("problems");
  const count = document.getElementById("count");
  const control = (id) => document.getElementById(id);
  let shown = PAGE;
  const draw = () => {
    const benchmark = control("benchmark").value;
    const words = control("search").value.toLowerCase();
    const keep = SHOW[control("show").value];
    const found = all.filter((sides) => {
      if (benchmark !== "" && sides[0][0].benchmark !== benchmark) return false;
      if (!keep(sides)) return false;
      return words === "" ||
        sides.flat().some((row) =>
          `${row.prompt}\n${row.completion}\n${row.gold}`.toLowerCase().includes(words)
        );
    });
    const withMath = control("math").checked;
    list.replaceChildren(...found.slice(0, shown).map((sides) => problemView(sides, withMath)));
    count.textContent = `${found.length} of ${all.length} problems`;
    control("more").hidden = found.length <= shown;
  };
  for (const id of ["benchmark", "show", "search", "math"]) {
    control(id).addEventListener("input", () => {
      shown = PAGE;
      draw();
    });
  }
  control("more").addEventListener("click", () => {
    shown += PAGE;
    draw();
  });
  const names = [...new Set(all.map((sides) => sides[0][0].benchmark))];
  control("benchmark").append(...names.map((name) => element("option", { value: name }, name)));
  const compared = data.runs.length > 1;
  for (const option of [...control("show").options]) {
    if (compared ? /^(wrong|right)$/.test(option.value) : /^(won|lost)$/.test(option.value)) option.remove();
  }
  draw();
}

/** Rows of levels are many: they show when asked for, at once where there is one benchmark. */
function levels() {
  const control = document.getElementById("levels");
  const holder = document.getElementById("table");
  const several = holder.querySelectorAll("tr.level").length > 0;
  control.parentElement.hidden = !several;
  control.checked = data.runs[0].result.benchmarks.length === 1;
  const apply = () => holder.classList.toggle("flat", !control.checked);
  control.addEventListener("input", apply);
  apply();
}

document.getElementById("table").append(
  data.comparison ? comparisonTable(data.comparison) : scoreTable(data.runs[0]),
);
problems();
levels();
