// The pre-flight as a table.

import type { Preflight } from "./preflight.ts";
import type { Spread } from "./token_counts.ts";

const SHOWN = 5;

export function renderPreflight(report: Preflight): string {
  const { data, lengths, reference, requirements, eos } = report;
  const rows: [string, string][] = [["problems", String(data.problems)]];
  if (report.dropped.length > 0) rows.push(["left out, prompt too long", String(report.dropped.length)]);
  rows.push(["with a solution", String(data.problems - data.without_trace.length)]);
  if (lengths !== null) {
    const limit = requirements.prompt === null ? "" : `   limit ${requirements.prompt.tokens}`;
    rows.push(["prompt, tokens", spreadText(lengths.prompt_tokens) + limit]);
    for (const [i, stage] of lengths.stages.entries()) {
      const notes = [
        `${stage.hints} of ${lengths.staged} hinted`,
        ...(stage.leaks > 0 ? [`${stage.leaks} would leak`] : []),
        ...(stage.shortened > 0 ? [`${stage.shortened} shortened`] : []),
      ];
      rows.push([
        `  with hint ${i + 1} (${stage.ratio})`,
        `${spreadText(stage.prompt_tokens)}   ${notes.join(", ")}`,
      ]);
    }
    const target = requirements.target === null ? "" : `   limit ${requirements.target.tokens}`;
    const what = requirements.target?.of === "sequence" ? "prompt and solution" : "solution";
    rows.push([`${what}, tokens`, spreadText(lengths.target_tokens) + target]);
  }
  if (reference !== null) {
    rows.push(["answers that can be graded", `${reference.gradable} of ${data.problems}`]);
    const form = requirements.format === "own" ? "as they are" : `as ${requirements.format}`;
    rows.push(["references with full marks", `${reference.full} of ${reference.gradable}, ${form}`]);
    for (const [name, value] of Object.entries(reference.own)) {
      rows.push([`  mean of ${name}`, String(Number(value.toPrecision(3)))]);
    }
  }
  if (eos.length > 0) rows.push(["end token", eos.join(" ")]);
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    ...list(
      "rows that do not fit",
      report.errors.map(({ file, line, reason }) => `${file}:${line}: ${reason}`),
    ),
    ...list("duplicates", data.duplicates.map(({ id, same_as }) => `${id} is ${same_as}`)),
    ...list(
      "solutions that show the answer early",
      data.early_leaks.map(({ id, step }) => `${id}, step ${step + 1}`),
    ),
    ...list(
      "overlaps with a benchmark",
      data.overlaps.map((o) => `${o.id} and ${o.benchmark} ${o.benchmark_id}: "${o.ngram}"`),
    ),
    ...report.warnings.map((sentence) => `warning: ${sentence}`),
    ...report.faults.map((sentence) => `problem: ${sentence}`),
  ].join("\n");
}

function spreadText(spread: Spread | null): string {
  if (spread === null) return "none";
  return `${spread.min} to ${spread.max}, median ${spread.median}, 95 % up to ${spread.p95}`;
}

function list(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length > SHOWN ? [`  ... and ${lines.length - SHOWN} more`] : [];
  return [`${title}: ${lines.length}`, ...lines.slice(0, SHOWN).map((line) => `  ${line}`), ...more];
}
