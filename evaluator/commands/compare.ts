// `compare A.json B.json`: what changed from A to B, with intervals and tests.

import { readResult } from "../report/run_files.ts";
import { compareResults, type Comparison } from "../scoring/comparison.ts";
import { formatTable } from "../scoring/table.ts";

/** Runs the command and returns its exit code: 1 when a benchmark fell by more than `maxRegression`. */
export function compare(
  pathA: string,
  pathB: string,
  options: { json?: boolean; maxRegression?: string; anyway?: boolean },
): number {
  const comparison = compareResults(readResult(pathA), readResult(pathB), options.anyway);
  console.log(options.json ? JSON.stringify(comparison) : comparisonTable(comparison));
  if (options.maxRegression === undefined) return 0;
  const bound = Number(options.maxRegression);
  if (!(bound >= 0 && bound <= 1)) {
    throw new RangeError(
      `Cannot compare as --max-regression must be from 0 to 1: current value is ${options.maxRegression}`,
    );
  }
  return comparison.benchmarks.some(({ difference }) => difference < -bound) ? 1 : 0;
}

/** The comparison as a table, in percentage points. */
function comparisonTable({ a, b, benchmarks, pooled, left_out, notes }: Comparison): string {
  const rows = benchmarks.map((row) => [
    row.name,
    String(row.problems),
    points(row.a),
    points(row.b),
    signed(row.difference, row.interval.low, row.interval.high),
    `${row.won}/${row.lost}`,
    pValue(row.p_value),
    pValue(row.p_holm),
    points(row.minimum_detectable),
    row.trace === null ? "-" : signed(row.trace.difference, row.trace.low, row.trace.high),
  ]);
  const { difference, low, high } = pooled;
  const average = ["average", "", points(pooled.a), points(pooled.b), signed(difference, low, high)];
  const header = [
    "benchmark",
    "n",
    "A",
    "B",
    "B - A [95 %]",
    "won/lost",
    "p",
    "p (Holm)",
    "detectable",
    "trace B - A",
  ];
  const table = formatTable([header, ...rows, [...average, "", pValue(pooled.p_value), "", "", ""]]);
  const lines = [...notes, ...left_out.map((reason) => `Not compared: ${reason}`)];
  return [`A: ${a}`, `B: ${b}`, table, ...lines].join("\n");
}

function points(share: number): string {
  return (100 * share).toFixed(1);
}

function signed(difference: number, low: number, high: number): string {
  const sign = (x: number): string => `${x < 0 ? "" : "+"}${points(x)}`;
  return `${sign(difference)} [${sign(low)}, ${sign(high)}]`;
}

function pValue(p: number): string {
  return p < 0.001 ? "<0.001" : p.toFixed(3);
}
