// The report of one run, or the comparison of two, as a single HTML file that loads nothing else.

import { escapeHtml } from "#shared/text/format.ts";
import katex from "katex/dist/katex.min.js" with { type: "text" };
import type { EvaluationRow } from "#shared/schemas/evaluation.ts";
import { compareResults, type Comparison } from "../scoring/comparison.ts";
import css from "./page.css" with { type: "text" };
import page from "./page.html" with { type: "text" };
import behaviour from "./page.js" with { type: "text" };
import shapes from "./shapes.js" with { type: "text" };
import tables from "./tables.js" with { type: "text" };
import texts from "./text.js" with { type: "text" };
import { unknownPrompts } from "../scoring/unknown_prompts.ts";
import { byProblem, type ReportedRun } from "./run_files.ts";

/** One file loads nothing else, so the modules stand in it one after another, without their imports and exports. */
const script = [shapes, tables, texts, behaviour].join("\n").replaceAll(/^import .*;\n|^export /gm, "");

/** Characters of prompts and answers in one page: more would not open in a browser. */
const MOST_TEXT = 40_000_000;

/** The page of one run. */
export function reportPage(run: ReportedRun): string {
  const { model, source, seed, problems_seed, run: { created_at, engine } } = run.result;
  const facts = [
    `source: ${source}`,
    `created ${created_at}`,
    engine ? `${engine.runtime} on ${engine.adapter}` : "",
    `sampling seed ${seed}`,
    problems_seed === null ? "" : `problems seed ${problems_seed}`,
    `protocol: ${
      [...new Set(run.result.benchmarks.map((b) => `${b.preset}, grader ${b.verifier}`))].join("; ")
    }`,
  ];
  return fill(`Evaluation of ${model}`, facts, [run], null);
}

/** The page that compares two runs problem by problem. */
export function comparisonPage(a: ReportedRun, b: ReportedRun): string {
  const comparison = compareResults(a.result, b.result, true);
  const facts = [`A: ${a.result.model}`, `B: ${b.result.model}`, ...comparison.notes];
  if (comparison.left_out.length > 0) facts.push(`not compared: ${comparison.left_out.join("; ")}`);
  return fill(`${b.result.model} against ${a.result.model}`, facts, [a, b], comparison);
}

function fill(
  title: string,
  facts: string[],
  runs: readonly ReportedRun[],
  comparison: Comparison | null,
): string {
  const shown = rowsShown(runs);
  const missing = runs.flatMap(({ result }) => result.benchmarks).reduce((sum, b) => sum + b.missing, 0);
  const unknown = runs.flatMap(({ result }, side) =>
    result.benchmarks.filter((b) => b.unknown_prompts > 0)
      .map((b) => `${runs.length > 1 ? `Run ${"AB"[side]}` : "Warning"}: ${unknownPrompts(b)}.`)
  );
  const data = {
    comparison,
    runs: runs.map(({ result }, side) => ({
      // The rows hold what the counts of each problem say.
      result: {
        ...result,
        rows: [],
        benchmarks: result.benchmarks.map(({ problems, ...b }) => ({
          ...b,
          answers: problems.reduce((sum, { samples }) => sum + samples, 0),
        })),
      },
      rows: shown.rows[side],
    })),
  };
  const values: Record<string, string> = {
    title: escapeHtml(title),
    facts: escapeHtml(facts.filter((fact) => fact !== "").join(" · ")),
    warning: [
      missing === 0 ? "" : `Incomplete: ${missing} samples are missing.`,
      ...unknown,
      shown.left === 0
        ? ""
        : `The list below has the first ${shown.problems} problems; ${shown.left} more are in the rows next to the result. The scores are those of all.`,
    ].filter((text) => text !== "").map((text) => `<p class="warning">${escapeHtml(text)}</p>`).join(""),
    css,
    // A script element ends at the first "</": JSON can spell the bracket otherwise.
    data: JSON.stringify(data).replaceAll("<", "\\u003c"),
    katex: katex.replaceAll("</script", "<\\/script"),
    script,
  };
  // In styles and scripts a placeholder is a comment, in JSON a string, so that each part stays well-formed.
  return page.replaceAll(/\/\* __(\w+)__ \*\/|"__(data)__"|__(\w+)__/g, (_, code, json, text) => {
    return values[code ?? json ?? text] ?? "";
  });
}

/** The rows of as many problems as fit into a page, the same ones of every run. */
function rowsShown(
  runs: readonly ReportedRun[],
): { rows: EvaluationRow[][]; problems: number; left: number } {
  const rows: EvaluationRow[][] = runs.map(() => []);
  let problems = 0;
  let left = 0;
  let size = 0;
  const chosen = new Set<string>();
  runs.forEach((run, side) => {
    for (const group of byProblem(run.rows)) {
      const [first] = group as [EvaluationRow];
      const name = `${first.benchmark}\n${first.problem_id}`;
      if (side === 0) {
        size += group.reduce((sum, row) => sum + row.prompt.length + row.completion.length, 0) * runs.length;
        if (size > MOST_TEXT && problems > 0) {
          left++;
          continue;
        }
        problems++;
        chosen.add(name);
      } else if (!chosen.has(name)) continue;
      for (const row of group) rows[side]?.push(row);
    }
  });
  return { rows, problems, left };
}
