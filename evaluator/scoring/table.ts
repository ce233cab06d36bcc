// Plain-text tables for the terminal.

import { percent } from "#shared/text/format.ts";
import type { BenchmarkScore, ConfidenceInterval, EvaluationResult } from "#shared/schemas/evaluation.ts";

/** Aligns columns: the first to the left, the others to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)).join("  ")
      .trimEnd()
  ).join("\n");
}

/** `62.5 [51.2, 72.6]`: per cent with the 95 % interval; a dash where there is no score. */
export function formatScore(score: number | null, interval: ConfidenceInterval | null): string {
  if (score === null) return "-";
  return interval === null
    ? percent(score)
    : `${percent(score)} [${percent(interval[0])}, ${percent(interval[1])}]`;
}

/** The result of an evaluation as the command prints it, in per cent. */
export function evaluationTable(result: EvaluationResult): string {
  const header = [
    "benchmark",
    "n",
    "pass@1 [95 %]",
    "k",
    "avg@k",
    "maj@k",
    "whole trace right",
    "no answer",
    "cut off",
  ];
  const rows = result.benchmarks.flatMap((benchmark) => [
    benchmarkRow(benchmark),
    ...benchmark.per_level.map((row) => [
      `  ${typeof row.level === "number" ? `level ${row.level}` : row.level}`,
      String(row.n),
      formatScore(row.pass_at_1, row.interval_95),
      "",
      "",
      "",
      formatScore(row.trace_accuracy, row.trace_interval_95),
    ]),
  ]);
  const average = result.benchmarks.length < 2 ? [] : [[
    "average",
    "",
    formatScore(result.average, result.average_interval_95),
    "",
    percent(result.average),
    "",
    formatScore(result.average_trace_accuracy, null),
  ]];
  return formatTable([header, ...rows, ...average]);
}

function benchmarkRow(benchmark: BenchmarkScore): string[] {
  const answers = benchmark.problems.reduce((sum, { samples }) => sum + samples, 0);
  return [
    benchmark.name,
    String(benchmark.n),
    formatScore(benchmark.pass_at_1, benchmark.interval_95),
    String(benchmark.k),
    percent(benchmark.avg_at_k),
    percent(benchmark.maj_at_k),
    formatScore(benchmark.trace_accuracy, benchmark.trace_interval_95),
    `${percent(benchmark.no_answer / answers)} %`,
    `${percent(benchmark.truncated / answers)} %`,
  ];
}
