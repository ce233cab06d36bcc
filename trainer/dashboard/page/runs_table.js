// The table of all runs: where each stands, the settings in which they differ, a person's note and tags. Sortable by any
// column.

import { keep, setting } from "./address.js";
import { get, post } from "./data.js";
import { duration, element, percent, say, short } from "./dom.js";
import { listed, tellProgress } from "./run_list.js";

/** Columns that every run has: key, heading, value to sort by, text. */
const COLUMNS = [
  ["name", "run", (run) => run.name, (run) => run.name],
  ["status", "status", (run) => run.status, (run) => run.status],
  ["step", "step", (run) => run.step, (run) => `${run.step}/${run.max_steps}`],
  ["time", "time", (run) => run.time, (run) => duration(run.time)],
  ["accuracy", "accuracy", (run) => run.accuracy ?? -1, (run) => percent(run.accuracy)],
  ["alerts", "alerts", (run) => run.alerts.length, (run) => String(run.alerts.length)],
  ["updated", "updated (UTC)", (run) => run.updated, (run) => run.updated.slice(0, 16).replace("T", " ")],
];

export async function runsTable(main) {
  const { keys, values } = await get("api/differences");
  const valueOf = (run, key) => values[run.id]?.[key] ?? "";
  const columns = [
    ...COLUMNS,
    ...keys.map((key) => [key, key, (run) => sortable(valueOf(run, key)), (run) => shown(valueOf(run, key))]),
  ];
  const place = element("div", { class: "scroll", id: "runs-table", tabindex: 0 });
  const draw = () => place.replaceChildren(tableOf(columns, draw));
  main.replaceChildren(
    element(
      "p",
      { class: "hint" },
      "All runs with the settings in which their recipes differ. A heading sorts; tags are words with spaces between them.",
    ),
    place,
  );
  draw();
  document.getElementById("filter").addEventListener("filtered", () => place.isConnected && draw());
  return () => {
    if (!place.contains(document.activeElement)) draw(); // nobody is typing
  };
}

function tableOf(columns, draw) {
  const key = setting("sort");
  const down = setting("down") === "1";
  const column = columns.find(([name]) => name === key);
  const runs = column
    ? listed().toSorted((a, b) => (down ? -1 : 1) * compare(column[2](a), column[2](b)))
    : listed();
  const heading = ([name, title]) => {
    const sorted = name === key ? (down ? "descending" : "ascending") : "none";
    const sort = () => {
      keep({ sort: name, down: name === key && !down });
      draw();
      document.querySelector(`#runs-table [data-key="${CSS.escape(name)}"]`)?.focus();
    };
    const sign = sorted === "none" ? "" : down ? " ↓" : " ↑";
    return element(
      "th",
      { scope: "col", "aria-sort": sorted },
      element("button", { class: "sort", "data-key": name, onclick: sort }, title + sign),
    );
  };
  const headings = [
    ...columns.map(heading),
    ...["tags", "note"].map((t) => element("th", { scope: "col", class: "words" }, t)),
  ];
  const rows = runs.map((run) =>
    element("tr", {}, ...columns.map(([, , , text]) => element("td", {}, text(run))), ...noteCells(run))
  );
  return element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...headings)),
    element("tbody", {}, ...rows),
  );
}

function noteCells(run) {
  const tags = element("input", { value: run.notes.tags.join(" "), "aria-label": `tags of ${run.name}` });
  const note = element("input", {
    class: "note",
    value: run.notes.note,
    "aria-label": `note on ${run.name}`,
  });
  const save = async () => {
    try {
      const notes = { note: note.value, tags: tags.value.split(/\s+/).filter(Boolean) };
      run.notes = await post(`api/runs/${run.id}/notes`, notes);
      tellProgress(run);
    } catch (error) {
      say(error.message);
    }
  };
  for (const input of [tags, note]) input.addEventListener("change", save);
  return [element("td", { class: "words" }, tags), element("td", { class: "words" }, note)];
}

function sortable(value) {
  return value !== "" && Number.isFinite(Number(value)) ? Number(value) : value;
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

function shown(value) {
  if (value === "") return "–";
  return typeof sortable(value) === "number" ? short(Number(value)) : value;
}
