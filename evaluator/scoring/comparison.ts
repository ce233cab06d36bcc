// Two evaluations of the same problems, B against A: paired by problem, per benchmark and pooled.

import type { BenchmarkScore, EvaluationResult } from "#shared/schemas/evaluation.ts";
import { mean } from "#shared/statistics.ts";
import { averageInterval, differenceInterval } from "../statistics/intervals.ts";
import { comparePaired, holm, type PairedComparison, signFlipTest } from "../statistics/paired.ts";

/** One benchmark's comparison. Scores are shares of right samples, 0..1. */
export interface BenchmarkComparison extends PairedComparison {
  name: string;
  a: number;
  b: number;
  /** p-value after Holm's correction over the benchmarks. */
  p_holm: number;
  /** The same comparison for answers with a wholly right trace, where traces are checked. */
  trace: { a: number; b: number; difference: number; low: number; high: number } | null;
  won_problems: string[];
  lost_problems: string[];
}

/** The whole comparison; `pooled` weighs every benchmark alike. */
export interface Comparison {
  a: string;
  b: string;
  benchmarks: BenchmarkComparison[];
  pooled: { a: number; b: number; difference: number; low: number; high: number; p_value: number };
  /** Benchmarks that only one of the two has, or that asked other problems or prompts. */
  left_out: string[];
}

/** Compares two results. Throws when they share no benchmark with the same task hash. */
export function compareResults(a: EvaluationResult, b: EvaluationResult): Comparison {
  const pairs: [BenchmarkScore, BenchmarkScore][] = [];
  for (const entry of a.benchmarks) {
    const other = b.benchmarks.find((candidate) => candidate.task_hash === entry.task_hash);
    if (other) pairs.push([entry, other]);
  }
  if (pairs.length === 0) {
    throw new Error(
      "Cannot compare as the two results share no benchmark with the same problems and prompts",
    );
  }
  const shared = new Set(pairs.map(([entry]) => entry.name));
  const names = new Set([...a.benchmarks, ...b.benchmarks].map((entry) => entry.name));
  const compared = pairs.map(([x, y]) => compareBenchmark(x, y));
  const adjusted = holm(compared.map(({ comparison }) => comparison.p_value));
  // Each benchmark weighs the same: its differences are divided by its number of problems.
  const weighted = compared.flatMap(({ differences }) =>
    differences.map((difference) => difference / differences.length / compared.length)
  );
  const { low, high } = averageInterval(
    compared.map(({ comparison: { difference, interval } }) => ({ mean: difference, ...interval })),
  );
  return {
    a: a.model,
    b: b.model,
    benchmarks: compared.map(({ comparison }, i) => ({ ...comparison, p_holm: adjusted[i] as number })),
    pooled: {
      a: mean(compared.map(({ comparison }) => comparison.a)),
      b: mean(compared.map(({ comparison }) => comparison.b)),
      difference: mean(compared.map(({ comparison }) => comparison.difference)),
      low,
      high,
      p_value: signFlipTest(weighted, 1),
    },
    left_out: [...names].filter((name) => !shared.has(name)),
  };
}

function compareBenchmark(x: BenchmarkScore, y: BenchmarkScore) {
  const others = new Map(y.problems.map((problem) => [problem.id, problem]));
  // A problem that one run lacks (it is incomplete) has no pair.
  const pairs = x.problems.flatMap((p) => {
    const q = others.get(p.id);
    return q ? [{ id: p.id, p, q }] : [];
  });
  const a = pairs.map(({ p }) => p.correct / p.samples);
  const b = pairs.map(({ q }) => q.correct / q.samples);
  const differences = b.map((score, i) => score - (a[i] as number));
  const traces = pairs.flatMap(({ p, q }) =>
    p.trace_correct === null || q.trace_correct === null
      ? []
      : [[p.trace_correct / p.samples, q.trace_correct / q.samples] as const]
  );
  const traceDifferences = traces.map(([p, q]) => q - p);
  return {
    differences,
    comparison: {
      name: x.name,
      a: mean(a),
      b: mean(b),
      ...comparePaired(a, b),
      trace: traces.length === 0 || traces.length < pairs.length ? null : {
        a: mean(traces.map(([p]) => p)),
        b: mean(traces.map(([, q]) => q)),
        difference: mean(traceDifferences),
        ...differenceInterval(traceDifferences),
      },
      won_problems: pairs.filter((_, i) => (differences[i] as number) > 0).map(({ id }) => id),
      lost_problems: pairs.filter((_, i) => (differences[i] as number) < 0).map(({ id }) => id),
    },
  };
}
