// The demo's page: one HTML file without scripts or outside resources, charts as inline SVG.

import { escapeHtml, percent } from "#shared/text/format.ts";
import type { Metrics } from "#shared/schemas/metrics.ts";
import type { DemoSummary } from "./summary.ts";
import { BASE_STORY, points, range } from "./table.ts";

interface Series {
  name: string;
  /** x and y of each point; y is a share, 0 to 1. */
  points: [number, number][];
}

interface Example {
  step: number;
  prompt: string;
  guidance: { stage: number; hint: string };
  solved: string;
}

export function demoPage(
  summary: DemoSummary,
  ghpo: readonly Metrics[],
  grpo: readonly Metrics[] | null,
  example: Example | null,
): string {
  const bySteps = (key: string) => pointsOf(ghpo, key, "step");
  const held: Series[] = [{ name: "GHPO", points: pointsOf(ghpo, "eval_accuracy", "generated_tokens") }];
  if (grpo !== null) held.push({ name: "GRPO", points: pointsOf(grpo, "eval_accuracy", "generated_tokens") });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>GHPO demo</title>
<style>${STYLE}</style>
<main>
<h1>A tiny model learns with GHPO</h1>
<p class="result">${percent(summary.average.before)} % → <strong>${
    percent(summary.average.after)
  } %</strong> of unseen
problems right, without hints: ${points(summary.average.difference)} points, paired 95 % interval
${range(summary.average.interval_95)}.</p>
<p>${escapeHtml(BASE_STORY)}</p>
${resultTable(summary)}
<h2>Training</h2>
${lineChart("Held-out accuracy, greedy and un-hinted, against generated tokens", "generated tokens", held)}
${
    lineChart("Groups of each step", "step", [
      { name: "un-hinted accuracy", points: bySteps("ghpo/accuracy_unhinted") },
      { name: "difficult: all wrong without a hint", points: bySteps("ghpo/frac_difficult") },
      { name: "still all wrong after the last hint", points: bySteps("ghpo/frac_unsolved") },
    ])
  }
${
    lineChart("Share of groups that ended on each hint stage", "step", [
      { name: "stage 1", points: bySteps("ghpo/frac_stage_1") },
      { name: "stage 2", points: bySteps("ghpo/frac_stage_2") },
      { name: "stage 3", points: bySteps("ghpo/frac_stage_3") },
    ])
  }
<p>${summary.hinted_groups} groups were hinted and ${summary.rescued_groups} of the difficult ones rescued in
${summary.steps} steps; ${summary.generated_tokens} tokens were generated.</p>
${example === null ? "" : exampleSection(example)}
<p>Evaluation problems: seed ${summary.problems_seed}, drawn when the demo started. Base:
<code>${escapeHtml(summary.base_dir)}</code>, final: <code>${escapeHtml(summary.final_dir)}</code>.</p>
</main>
</html>
`;
}

function resultTable({ families, average, trace_average, over_grpo }: DemoSummary): string {
  const compared = over_grpo !== null;
  const cells = (values: readonly string[]) => values.map((value) => `<td>${value}</td>`).join("");
  const bar = (share: number) =>
    `<span class="bar" style="width:${(40 * share).toFixed(1)}px"></span>${percent(share)}`;
  const rows = families.map((f) => {
    const name = f.trained ? f.family : `${f.family} <small>untrained</small>`;
    const grpo = compared ? [f.grpo === null ? "–" : bar(f.grpo)] : [];
    const interval = ([low, high]: readonly [number, number]) =>
      ` <small>${percent(low)}–${percent(high)}</small>`;
    const before = bar(f.before) + interval(f.before_interval_95);
    const after = bar(f.after) + interval(f.after_interval_95);
    const values = [before, after, percent(f.trace_before), percent(f.trace_after), ...grpo];
    return `<tr><th scope="row">${name}</th>${cells(values)}</tr>`;
  });
  const last = [
    bar(average.before),
    bar(average.after),
    percent(trace_average.before),
    percent(trace_average.after),
  ];
  if (over_grpo !== null) last.push(bar(over_grpo.before));
  return `<table>
<caption>Right answers to unseen problems, in per cent (small: 95 % interval)</caption>
<thead><tr><th scope="col">family</th><th scope="col">base</th><th scope="col">GHPO</th>
<th scope="col">whole trace right: base</th><th scope="col">GHPO</th>${
    compared ? '<th scope="col">GRPO</th>' : ""
  }</tr></thead>
<tbody>${rows.join("\n")}<tr class="total"><th scope="row">mean of the trained families</th>${
    cells(last)
  }</tr></tbody>
</table>`;
}

function exampleSection({ step, prompt, guidance, solved }: Example): string {
  const [before, after] = prompt.split(guidance.hint) as [string, string?];
  return `<h2>A group that a hint rescued</h2>
<p>Step ${step}: all completions of the plain prompt were wrong; with this hint (stage ${guidance.stage}) one was right.</p>
<pre>${escapeHtml(before)}<mark>${escapeHtml(guidance.hint)}</mark>${escapeHtml(after ?? "")}<strong>${
    escapeHtml(solved)
  }</strong></pre>`;
}

function pointsOf(metrics: readonly Metrics[], key: string, x: string): [number, number][] {
  return metrics.flatMap((record): [number, number][] => {
    const y = record[key];
    return typeof y === "number" ? [[record[x] ?? 0, y]] : [];
  });
}

const WIDTH = 640;
const HEIGHT = 220;
const MARGIN = { left: 44, right: 12, top: 10, bottom: 36 };

/** Lines of shares over x, with a legend. */
function lineChart(title: string, xLabel: string, series: readonly Series[]): string {
  const largest = Math.max(1, ...series.flatMap((s) => s.points.map(([x]) => x)));
  const px = (x: number) => MARGIN.left + (x / largest) * (WIDTH - MARGIN.left - MARGIN.right);
  const py = (y: number) => HEIGHT - MARGIN.bottom - y * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((y) =>
    `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${py(y)}" y2="${py(y)}" class="grid"/>` +
    `<text x="${MARGIN.left - 6}" y="${py(y) + 4}" text-anchor="end">${100 * y} %</text>`
  );
  const ticks = [0, 0.5, 1].map((share) =>
    `<text x="${px(share * largest)}" y="${HEIGHT - MARGIN.bottom + 16}" text-anchor="${
      share === 1 ? "end" : "middle"
    }">${Math.round(share * largest).toLocaleString("en")}</text>`
  );
  const lines = series.map(({ points }, i) => {
    const path = points.map(([x, y]) => `${px(x).toFixed(1)},${py(y).toFixed(1)}`).join(" ");
    const dots = points.length > 12
      ? ""
      : points.map(([x, y]) => `<circle cx="${px(x)}" cy="${py(y)}" r="3"/>`).join("");
    return `<g class="s${i}"><polyline points="${path}"/>${dots}</g>`;
  });
  const legend = series.map(({ name }, i) => `<span class="s${i}">${escapeHtml(name)}</span>`).join("");
  return `<figure><figcaption>${escapeHtml(title)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">${grid.join("")}${
    ticks.join("")
  }
<text x="${WIDTH / 2}" y="${HEIGHT - 4}" text-anchor="middle">${escapeHtml(xLabel)}</text>
${lines.join("\n")}</svg>
<p class="legend">${legend}</p></figure>`;
}

const STYLE = `
:root { color-scheme: light dark; --s0: light-dark(#0b5fa5, #6cb6ff); --s1: light-dark(#b3430a, #ff9e64);
  --s2: light-dark(#5f6b00, #c3d04b); --line: light-dark(#ccc, #444); }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
.result { font-size: 1.25rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .3rem; }
th, td { text-align: right; padding: .25rem .4rem; border-bottom: 1px solid var(--line); font-weight: normal; }
td { white-space: nowrap; } th:first-child { text-align: left; }
small { opacity: .75; } thead th, .total > * { font-weight: 600; }
.bar { display: inline-block; height: .7em; margin-right: .4em; background: var(--s0); }
figure { margin: 1.5rem 0; } figcaption { font-weight: 600; }
svg { width: 100%; height: auto; font-size: 12px; fill: currentColor; }
.grid { stroke: var(--line); } polyline { fill: none; stroke-width: 2; }
.s0 { color: var(--s0); } .s1 { color: var(--s1); } .s2 { color: var(--s2); }
g polyline { stroke: currentColor; } g circle { fill: currentColor; }
.legend { margin: 0; } .legend span { margin-right: 1.2em; } .legend span::before { content: "— "; font-weight: 700; }
pre { white-space: pre-wrap; padding: .8rem; border: 1px solid var(--line); }
`;
