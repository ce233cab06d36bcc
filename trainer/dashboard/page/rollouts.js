// The rollout browser: groups of the run in focus, filtered; a group opens to its prompt with the hint marked and its
// completions with answer, verdict, rewards and advantage.

import { keep, setting } from "./address.js";
import { element, newSteps, percent, select, short } from "./dom.js";
import { get, state } from "./data.js";
import { richText } from "./text.js";

const NAMES = ["family", "stage", "outcome", "step", "problem", "text"];
const filter = {};
const OUTCOMES = [["", "all"], ["rescued", "rescued by a hint"], ["wrong", "all wrong"], ["mixed", "mixed"], [
  "right",
  "all right",
]];
const SIGNS = { true: "✓", false: "✗", undecided: "?", null: "–" };
const KINDS = { true: "right", false: "wrong", undecided: "undecided", null: "undecided" };

/** Builds the view with the filters that the address has. */
export async function rolloutsView(main) {
  for (const name of NAMES) filter[name] = setting(name);
  const list = element("div", { id: "groups" });
  const count = element("span", { class: "count", role: "status" });
  const more = element("button", { onclick: () => load(false) }, "show more");
  const controls = element("div", { class: "controls" });
  const news = newSteps(() => load(true));
  main.replaceChildren(controls, news.node, list, more);
  const run = state.focus;
  let offset = 0;
  let shown = Infinity;

  const load = async (fresh) => {
    if (fresh) offset = 0;
    const answer = await get(`api/runs/${run.id}/groups`, { ...filter, offset });
    if (fresh) {
      list.replaceChildren();
      drawControls(answer);
    }
    list.append(...answer.groups.map((group) => {
      const node = groupView(run, group);
      const name = `${group.step}/${group.line}`;
      if (name === setting("open")) node.open = true;
      node.addEventListener("toggle", () => {
        if (node.open) keep({ open: name });
        else if (setting("open") === name) keep({ open: null });
      });
      return node;
    }));
    // A run of supervised fine-tuning writes none.
    shown = answer.last_step === 0 && run.step > 0 ? Infinity : answer.last_step;
    news.tell(run, shown);
    offset += answer.groups.length;
    more.hidden = offset >= answer.total;
    const part = answer.partial ? ", the newest that fit in memory" : "";
    count.textContent = answer.total === 0 && answer.last_step === 0
      ? "No rollouts were written by this run."
      : `${answer.total} groups of steps ${answer.first_step}–${answer.last_step}${part}`;
  };
  const change = (key) => (value) => {
    filter[key] = value;
    keep({ [key]: value, open: null });
    load(true);
  };
  const download = (format) => {
    const wanted = Object.entries(filter).filter(([, value]) => value !== "");
    location.assign(`api/runs/${run.id}/rollouts/${format}?${new URLSearchParams(wanted)}`);
  };
  const drawControls = ({ families, stages }) => {
    if (controls.childElementCount > 0) return; // kept, so that the focus stays where it is
    const entry = (label, key, type) =>
      element(
        "label",
        { class: "field" },
        label,
        element("input", {
          type,
          value: filter[key],
          min: 0,
          onchange: (event) => change(key)(event.target.value),
        }),
      );
    controls.append(
      select(
        "family",
        [["", "all"], ...families.map((name) => [name, name])],
        filter.family,
        change("family"),
      ),
      select(
        "stage",
        [["", "all"], ...stages.map((stage) => [String(stage), stage === 0 ? "no hint" : `stage ${stage}`])],
        filter.stage,
        change("stage"),
      ),
      select("outcome", OUTCOMES, filter.outcome, change("outcome")),
      entry("step", "step", "number"),
      entry("problem", "problem", "search"),
      entry("in completions", "text", "search"),
      ...["jsonl", "parquet"].map((format) =>
        element(
          "button",
          { "data-export": format, onclick: () => download(format) },
          format === "jsonl" ? "JSONL" : "Parquet",
        )
      ),
      count,
    );
  };
  await load(true);
  return () => news.tell(run, shown);
}

/** One group as a line that opens. */
export function groupView(run, entry) {
  const stage = entry.stage === 0 ? "no hint" : `stage ${entry.stage}`;
  const summary = element(
    "summary",
    {},
    element("span", { class: "name" }, `step ${entry.step}`),
    element("span", { class: "start", title: entry.problem_id }, entry.text ?? entry.problem_id),
    element("span", { class: `badge stage-${Math.min(entry.stage, 3)}` }, stage),
    entry.leak
      ? element("span", { class: "badge leak", title: "the cut alone would show the answer" }, "guarded")
      : null,
    entry.truncated > 0 ? element("span", { class: "badge" }, `${entry.truncated} cut off`) : null,
    element("span", { class: "chips" }, percent(entry.accuracy)),
  );
  const details = element("details", { class: "group" }, summary);
  details.addEventListener("toggle", async () => {
    if (!details.open || details.childElementCount > 1) return;
    try {
      details.append(body(await get(`api/runs/${run.id}/groups/${entry.step}/${entry.line}`)));
    } catch (error) {
      details.append(element("p", { class: "body" }, error.message));
    }
  });
  return details;
}

function body(group) {
  const { guidance } = group;
  const facts = [
    `${group.prompt_tokens} tokens`,
    `un-hinted accuracy ${percent(group.accuracy_unhinted)}`,
    guidance.stage === 0
      ? "no hint"
      : `stage ${guidance.stage}: ${percent(guidance.ratio)} of the trace, cut at a ${guidance.cut}`,
    guidance.leak ? "shortened so that it does not show the answer" : "",
  ].filter((fact) => fact !== "");
  return element(
    "div",
    { class: "body" },
    element("div", { class: "caption" }, `Problem ${group.problem_id}`),
    element("div", { class: "caption" }, `Prompt · ${facts.join(" · ")}`),
    richText(group.prompt, { span: group.hint_span, title: "hint" }),
    group.answer === null ? null : element("div", { class: "caption" }, "Right answer"),
    group.answer === null
      ? null
      : richText(/^[^$]*\\[a-z]/.test(group.answer) ? `$${group.answer}$` : group.answer),
    group.solution === null ? null : element(
      "div",
      { class: "caption" },
      group.solution_span === null ? "Reference solution" : "Reference solution, the hinted part marked",
    ),
    group.solution === null
      ? null
      : richText(group.solution, { span: group.solution_span, title: "shown as a hint" }),
    ...group.completions.map(completionView),
  );
}

function completionView(completion, index) {
  const { judged, success, rewards, advantage, finish_reason, tokens } = completion;
  // What was rewarded counts; the verifier of today only says why.
  const kind = success === null ? KINDS[String(judged?.verdict ?? null)] : success > 0 ? "right" : "wrong";
  const sign = success === null ? SIGNS[String(judged?.verdict ?? null)] : SIGNS[String(success > 0)];
  const facts = [
    judged === null
      ? ""
      : judged.extracted === null
      ? "no answer found"
      : `answer ${judged.extracted.trim()}`,
    judged === null ? "" : `${judged.tier}: ${judged.reason}`,
    ...Object.entries(rewards).map(([name, value]) =>
      `${name} ${value === null ? "not applicable" : short(value)}`
    ),
    `advantage ${advantage > 0 ? "+" : ""}${short(advantage)}`,
    `${tokens} tokens`,
    finish_reason === "length" ? "cut off" : "",
  ].filter((fact) => fact !== "");
  return element(
    "div",
    { class: "completion" },
    element(
      "div",
      { class: "caption" },
      element("strong", { class: kind }, `${sign} ${kind}, completion ${index + 1}`),
      ` · ${facts.join(" · ")}`,
    ),
    richText(completion.text, { span: completion.span, title: "extracted answer" }),
  );
}
