// The report's behaviour in the browser: draws the table from the embedded data, filters the problems and
// shows an answer when it is opened. Everything from a model is put in as text, never as HTML.

const data = JSON.parse(document.getElementById("data").textContent);
const PAGE = 100;

/** element("td", { class: "x" }, "text", child...) */
function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const percent = (share) => (100 * share).toFixed(1);
const signed = (share) => (share < 0 ? "" : "+") + percent(share);
const score = (mean, interval) =>
  mean === null
    ? "–"
    : interval
    ? `${percent(mean)} [${percent(interval[0])}, ${percent(interval[1])}]`
    : percent(mean);

/** A bar with its interval as a whisker, on an axis from 0 to 1, or for differences from `low` to -low. */
function bar(mean, interval, low = 0) {
  const at = (value) => (100 * (value - low)) / (low < 0 ? -2 * low : 1);
  const [from, to] = [at(0), at(mean)].sort((a, b) => a - b);
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 100 10");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", score(mean, interval));
  const shape = (tag, attributes) => {
    const node = document.createElementNS(ns, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    svg.append(node);
  };
  shape("line", { x1: 0, x2: 100, y1: 9.5, y2: 9.5, stroke: "var(--line)", "stroke-width": 1 });
  const colour = low < 0 ? (mean < 0 ? "var(--wrong)" : "var(--right)") : "var(--bar)";
  shape("rect", { x: from, width: Math.max(to - from, 0.3), y: 2, height: 6, fill: colour, opacity: 0.75 });
  const line = { stroke: "var(--ink)", "stroke-width": 1.2, "vector-effect": "non-scaling-stroke" };
  shape("line", { x1: at(interval[0]), x2: at(interval[1]), y1: 5, y2: 5, ...line });
  for (const end of interval) shape("line", { x1: at(end), x2: at(end), y1: 3, y2: 7, ...line });
  if (low < 0) {
    shape("line", { x1: at(0), x2: at(0), y1: 0, y2: 10, stroke: "var(--soft)", "stroke-width": 0.3 });
  }
  return svg;
}

/** How long the answers are: twelve bars from 0 to the longest, the part that was cut off in another colour. */
function lengths(rows) {
  const counted = rows.filter((row) => row.tokens !== null);
  const longest = Math.max(1, ...counted.map((row) => row.tokens));
  const bins = Array.from({ length: 12 }, () => ({ whole: 0, cut: 0 }));
  for (const row of counted) {
    const bin = bins[Math.min(11, Math.floor((12 * row.tokens) / (longest + 1)))];
    if (row.finish_reason === "length") bin.cut++;
    else bin.whole++;
  }
  const tallest = Math.max(1, ...bins.map(({ whole, cut }) => whole + cut));
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 96 20");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `answers up to ${longest} tokens`);
  bins.forEach(({ whole, cut }, i) => {
    let top = 20;
    for (const [count, fill] of [[whole, "var(--bar)"], [cut, "var(--wrong)"]]) {
      const height = (18 * count) / tallest;
      const bar = document.createElementNS(ns, "rect");
      const box = { x: i * 8, y: top - height, width: 7, height, fill, opacity: 0.75 };
      for (const [name, value] of Object.entries(box)) bar.setAttribute(name, value);
      svg.append(bar);
      top -= height;
    }
  });
  return svg;
}

function table(headers, rows) {
  const cell = (tag, content) =>
    content instanceof Node ? element(tag, { class: "plot" }, content) : element(tag, {}, content);
  const head = element("tr", {}, ...headers.map((header) => element("th", { scope: "col" }, header)));
  const lines = rows.map(({ level, cells }) =>
    element("tr", level ? { class: "level" } : {}, ...cells.map((content) => cell("td", content)))
  );
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines));
}

function scoreTable({ result, rows: answers }) {
  const { benchmarks, average, average_interval_95, average_trace_accuracy } = result;
  const byName = Map.groupBy(answers, (row) => row.benchmark);
  const traced = benchmarks.some((b) => b.trace_accuracy !== null);
  const row = (name, n, b, level, more) => ({
    level,
    cells: [
      name,
      score(b.pass_at_1, b.interval_95),
      bar(b.pass_at_1, b.interval_95),
      String(n),
      ...(traced ? [score(b.trace_accuracy, b.trace_interval_95)] : []),
      ...more,
    ],
  });
  const rows = benchmarks.flatMap((b) => [
    row(b.title, b.n, b, false, [
      b.k === 1 ? "1" : `${b.k} (pass@${b.k} ${percent(b.pass_at[b.k] ?? 0)}, maj ${percent(b.maj_at_k)})`,
      percent(b.truncated / (b.n * b.k - b.missing || 1)),
      percent(b.no_answer / (b.n * b.k - b.missing || 1)),
      b.generated_tokens === null ? "–" : (b.generated_tokens / (b.n * b.k - b.missing || 1)).toFixed(1),
      b.generated_tokens === null ? "" : lengths(byName.get(b.name) ?? []),
    ]),
    ...b.per_level.map((level) =>
      row(typeof level.level === "number" ? `level ${level.level}` : level.level, level.n, level, true, [
        "",
        "",
        "",
        "",
        "",
      ])
    ),
  ]);
  if (benchmarks.length > 1) {
    const all = {
      pass_at_1: average,
      interval_95: average_interval_95,
      trace_accuracy: average_trace_accuracy,
      trace_interval_95: null,
    };
    rows.push(row("Average", "", all, false, ["", "", "", "", ""]));
  }
  const headers = ["Benchmark", "pass@1 % [95 %]", "", "Problems"];
  if (traced) headers.push("whole trace right %");
  return table([...headers, "samples", "cut off %", "no answer %", "tokens", "lengths"], rows);
}

function comparisonTable({ benchmarks, pooled }) {
  const ends = [...benchmarks.map((b) => b.interval), pooled].flatMap(({ low, high }) => [low, high]);
  const low = -Math.max(0.05, ...ends.map(Math.abs));
  const rows = benchmarks.map((b) => ({
    cells: [
      b.name,
      `${signed(b.difference)} [${signed(b.interval.low)}, ${signed(b.interval.high)}]`,
      bar(b.difference, [b.interval.low, b.interval.high], low),
      String(b.problems),
      percent(b.a),
      percent(b.b),
      `${b.won} / ${b.lost}`,
      b.p_holm < 0.001 ? "< 0.001" : b.p_holm.toFixed(3),
      b.trace ? signed(b.trace.difference) : "–",
    ],
  }));
  rows.push({
    cells: [
      "Average",
      `${signed(pooled.difference)} [${signed(pooled.low)}, ${signed(pooled.high)}]`,
      bar(pooled.difference, [pooled.low, pooled.high], low),
      "",
      percent(pooled.a),
      percent(pooled.b),
      "",
      pooled.p_value < 0.001 ? "< 0.001" : pooled.p_value.toFixed(3),
      "",
    ],
  });
  const headers = [
    "Benchmark",
    "B − A [95 %]",
    "",
    "Problems",
    "A %",
    "B %",
    "won / lost",
    "p (Holm)",
    "trace B − A",
  ];
  return table(headers, rows);
}

/** $$...$$, $...$, \(...\), \[...\], display environments and bare boxes. */
const FORMULA =
  /\$\$([^$]+)\$\$|\$([^$\n]+)\$|\\\(([^]*?)\\\)|\\\[([^]*?)\\\]|(\\begin\{(align|gather|equation)(\*?)\}[^]*?\\end\{\6\7\})|(\\boxed\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})/g;

/** Text with its LaTeX rendered and the extracted answer marked; a formula that holds it is marked whole. */
function richText(text, span, withMath) {
  const node = element("div", { class: "text" });
  const [from, to] = span ?? [-1, -1];
  const mark = (...content) => element("mark", { title: "extracted answer" }, ...content);
  const plain = (start, end) => {
    const [a, b] = [Math.max(start, from), Math.min(end, to)];
    if (a >= b) return node.append(text.slice(start, end));
    node.append(text.slice(start, a), mark(text.slice(a, b)), text.slice(b, end));
  };
  let last = 0;
  for (const match of withMath ? text.matchAll(FORMULA) : []) {
    const end = match.index + match[0].length;
    plain(last, match.index);
    const formula = renderFormula(match);
    node.append(match.index < to && from < end ? mark(formula) : formula);
    last = end;
  }
  plain(last, text.length);
  return node;
}

function renderFormula([whole, display, inline, round, square, environment, , , boxed]) {
  const holder = document.createElement("span");
  const displayMode = (display ?? square ?? environment) !== undefined;
  try {
    const tex = display ?? inline ?? round ?? square ?? environment ?? boxed;
    katex.render(tex, holder, { output: "mathml", throwOnError: true, displayMode, maxExpand: 100 });
  } catch {
    holder.textContent = whole;
  }
  return holder;
}

const kindOf = ({ verdict }) => verdict === true ? "right" : verdict === false ? "wrong" : "undecided";
const SIGNS = { right: "✓", wrong: "✗", undecided: "?" };

function sampleView(row, withMath) {
  const kind = kindOf(row);
  const facts = [
    row.extracted === null ? "no answer found" : `answer: ${row.extracted.trim()}`,
    `${row.tier}: ${row.reason}`,
    row.trace_correct === null ? "" : row.trace_correct ? "whole trace right" : "trace not right",
    row.finish_reason === "length" ? "cut off" : "",
    row.tokens === null ? "" : `${row.tokens} tokens`,
  ].filter((fact) => fact !== "");
  const caption = element("div", { class: "caption" });
  caption.append(
    element("strong", { class: kind }, `${SIGNS[kind]} sample ${row.sample + 1}`),
    ` · ${facts.join(" · ")}`,
  );
  return element("div", {}, caption, richText(row.completion, row.span, withMath));
}

/** One problem as a line that opens. `sides` holds the rows of one run, or of two to compare. */
function problemView(sides, withMath) {
  const first = sides.flat()[0];
  const chips = element("span", { class: "chips" });
  sides.forEach((rows, side) => {
    if (side > 0) chips.append("→");
    for (const row of rows) {
      chips.append(element("span", { class: kindOf(row), title: kindOf(row) }, SIGNS[kindOf(row)]));
    }
  });
  const question = first.prompt.split("\n\n").at(-1);
  const summary = element(
    "summary",
    {},
    element(
      "span",
      { class: "name" },
      `${first.benchmark}${first.level === null ? "" : ` · ${first.level}`}`,
    ),
    element("span", { class: "start" }, question),
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
        const heading = element("strong", {}, side === 0 ? "A" : "B");
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
