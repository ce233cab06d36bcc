// The tables of the report: the scores of one run, or the differences between two.

import { bar, element, lengths, percent, score, signed } from "./shapes.js";

function table(headers, rows) {
  const cell = (content, i) => {
    if (content instanceof Node) return element("td", { class: "plot" }, content);
    return i === 0 ? element("th", { scope: "row" }, content) : element("td", {}, content);
  };
  const head = element(
    "tr",
    {},
    ...headers.map((header) =>
      header === "" ? element("td", { class: "plot" }) : element("th", { scope: "col" }, header)
    ),
  );
  const lines = rows.map(({ level, cells }) =>
    element("tr", level ? { class: "level" } : {}, ...cells.map(cell))
  );
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines));
}

export function scoreTable({ result, rows: answers }) {
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
      percent(b.truncated / b.answers),
      percent(b.no_answer / b.answers),
      b.generated_tokens === null ? "–" : (b.generated_tokens / b.answers).toFixed(1),
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

export function comparisonTable({ benchmarks, pooled }) {
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
      percent(b.minimum_detectable),
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
    "detectable",
    "trace B − A",
  ];
  return table(headers, rows);
}
