// The report of a study: NAME.md, NAME.html (self-contained) and NAME.svg (the main figure) next to the study's
// file, made from the committed data alone, so that making them again gives the same bytes.

import { escapeHtml } from "#shared/text/format.ts";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { type Figures, figuresOf } from "./figures.ts";
import type { Table } from "./guidance_tables.ts";
import type { StudyPlan } from "./study_plan.ts";
import { type ArmData, loadArms } from "./results.ts";
import { tablesOf } from "./tables.ts";

/** Writes the three files. Throws when no run of the study is complete. */
export function reportStudy(plan: StudyPlan): { markdown: string; html: string; svg: string } {
  const arms = loadArms(plan);
  if (arms.length === 0) {
    throw new Error(`Cannot report on the study ${plan.name} as none of its runs is complete: run it first`);
  }
  const base = join(dirname(dirname(plan.dataFolder)), plan.name);
  const paths = { markdown: `${base}.md`, html: `${base}.html`, svg: `${base}.svg` };
  const tables = tablesOf(plan, arms);
  const figures = figuresOf(plan, arms);
  writeFileAtomic(paths.svg, figures.main);
  writeFileAtomic(paths.markdown, markdown(plan, arms, tables, figures));
  writeFileAtomic(paths.html, html(plan, arms, tables, figures));
  return paths;
}

/** What was run, and what is still missing. */
function facts(plan: StudyPlan, arms: readonly ArmData[]): string {
  const done = arms.reduce((sum, data) => sum + data.runs.size, 0);
  const state = done === plan.runs.length
    ? `All ${done} runs are complete`
    : `${done} of ${plan.runs.length} runs are complete: numbers will change`;
  const absent = plan.study.arms.filter((arm) => !arms.some((data) => data.arm.name === arm.name));
  const without = absent.length === 0 ? "" : ` (none yet of ${absent.map((arm) => arm.title).join("; ")})`;
  const sizes = [
    ...new Set(arms.flatMap(({ runs }) => [...runs.values()].map((run) => run.facts.parameters))),
  ];
  const models = sizes.map((size) => size.toLocaleString("en")).join(", ");
  const starts = new Set(arms.map(({ start }) => JSON.stringify(start))).size;
  return `${state}${without}; ${arms.length} arms, seeds ${plan.study.seeds.join(", ")}, ${
    sizes.length === 1 ? "a model" : "models"
  } of ${models} parameters. Every seed makes its own training problems, their order and all sampling; ` +
    (starts === 1
      ? "the starting model and the test problems are the same for all"
      : "the test problems are the same for all, the starting model for all runs of an arm") +
    ", so intervals do not include variation between cold starts.";
}

const COMPUTE =
  "TFLOP counts 2N per sampled or prefilled token and 6N per token learned from, for N parameters; " +
  "attention, evaluation and the optimizer are not counted. Bands: 95 % bootstrap over seeds, pointwise.";

function markdown(
  plan: StudyPlan,
  arms: readonly ArmData[],
  tables: readonly Table[],
  figures: Figures,
): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const sections = tables.map(({ title, note, head, rows }) =>
    `## ${title}\n\n${note}\n\n${
      [row(head), row(head.map((_, i) => i === 0 ? "---" : "---:")), ...rows.map(row)].join("\n")
    }\n`
  );
  return `# ${plan.study.title}

${plan.study.question}

${facts(plan, arms)}

Run it: \`npm run -s ghpo -- study studies/${plan.name}.toml\`; \`--report\` regenerates this page. More charts are in
[${plan.name}.html](${plan.name}.html).

![${figures.name}](${plan.name}.svg)

${COMPUTE}

${sections.join("\n")}`;
}

function html(
  plan: StudyPlan,
  arms: readonly ArmData[],
  tables: readonly Table[],
  figures: Figures,
): string {
  const cells = (tag: string, row: readonly string[]) =>
    row.map((cell, i) =>
      i === 0 ? `<th scope="row">${escapeHtml(cell)}</th>` : `<${tag}>${escapeHtml(cell)}</${tag}>`
    ).join("");
  const sections = tables.map(({ title, note, head, rows }) =>
    `<h2>${escapeHtml(title)}</h2>\n<p>${escapeHtml(note)}</p>\n<div class="wide"><table><thead><tr>${
      cells("th", head)
    }</tr></thead>\n<tbody>${
      rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("\n")
    }</tbody></table></div>`
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(plan.study.title)}</title>
<style>${STYLE}</style>
<main>
<h1>${escapeHtml(plan.study.title)}</h1>
<p>${escapeHtml(plan.study.question)}</p>
<p>${escapeHtml(facts(plan, arms))}</p>
<p>${escapeHtml(COMPUTE)}</p>
<div class="charts">${figures.results.join("\n")}</div>
${sections.slice(0, 4).join("\n")}
<h2>During training</h2>
<div class="charts">${figures.training.join("\n")}</div>
${sections.slice(4).join("\n")}
</main>
</html>
`;
}

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; color: #222; background: #fff; }
main { max-width: 84rem; margin: 2rem auto; padding: 0 1rem; }
p { max-width: 48rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem; }
.charts svg { width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.6rem; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap; }
th[scope="row"] { text-align: left; font-weight: 500; }
`;
