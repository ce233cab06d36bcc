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
  /** Benchmarks that were not compared, with the reason. */
  left_out: string[];
  /** In what else than the model the two differ. */
  notes: string[];
}

/**
 * Compares two results. Throws when they share no benchmark with the same problems and prompts, or when they were
 * judged by different graders, unless `anyway` says that this is what is to be compared.
 */
export function compareResults(a: EvaluationResult, b: EvaluationResult, anyway = false): Comparison {
  const pairs: [BenchmarkScore, BenchmarkScore][] = [];
  for (const entry of a.benchmarks) {
    const other = b.benchmarks.find((candidate) => candidate.task_hash === entry.task_hash);
    if (other) pairs.push([entry, other]);
  }
  const leftOut = leftOutOf(a, b, new Set(pairs.map(([entry]) => entry.name)));
  if (pairs.length === 0) {
    throw new Error(
      `Cannot compare as the two results share no benchmark with the same problems and prompts: ${
        leftOut.join("; ")
      }`,
    );
  }
  for (const [x, y] of pairs) {
    if (x.verifier === y.verifier || anyway) continue;
    throw new Error(
      `Cannot compare ${x.name} as A was judged by the grader ${x.verifier} and B by ${y.verifier}: score one of them ` +
        `again from its journal (--completions x.journal.jsonl --verifier ${x.verifier}), or pass --anyway`,
    );
  }
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
    left_out: leftOut,
    notes: pairs.flatMap(([x, y]) => notesOn(x, y)),
  };
}

/** Why benchmarks cannot be compared. */
function leftOutOf(a: EvaluationResult, b: EvaluationResult, compared: ReadonlySet<string>): string[] {
  const names = new Set([...a.benchmarks, ...b.benchmarks].map(({ name }) => name));
  return [...names].filter((name) => !compared.has(name)).map((name) => {
    const x = a.benchmarks.find((entry) => entry.name === name);
    const y = b.benchmarks.find((entry) => entry.name === name);
    if (!x || !y) return `${name} is only in ${x ? "A" : "B"}`;
    const ids = new Set(y.problems.map(({ id }) => id));
    const common = x.problems.filter(({ id }) => ids.has(id)).length;
    if (common === 0) return `${name} asked other problems`;
    if (x.preset !== y.preset) return `${name} asked by other prompts: ${x.preset} and ${y.preset}`;
    return common < x.problems.length || common < y.problems.length
      ? `${name} has ${x.problems.length} problems in A, ${y.problems.length} in B and ${common} in both`
      : `${name} asked the same problems by other prompts, or with other answers`;
  });
}

/** Differences that change a score whatever the model. */
function notesOn(x: BenchmarkScore, y: BenchmarkScore): string[] {
  const unlike = (what: string, a: unknown, b: unknown): string[] =>
    JSON.stringify(a) === JSON.stringify(b)
      ? []
      : [`${what} ${JSON.stringify(a)} in A and ${JSON.stringify(b)} in B`];
  const found = [
    ...unlike("grader", x.verifier, y.verifier),
    ...unlike("samples per problem", x.k, y.k),
    ...(["temperature", "top_p", "max_tokens", "stop"] as const).flatMap((key) =>
      unlike(key, x.sampling[key], y.sampling[key])
    ),
    ...(x.missing > 0 || y.missing > 0 ? [`${x.missing} missing samples in A and ${y.missing} in B`] : []),
  ];
  return found.length === 0 ? [] : [`Note: ${x.name} differs in more than the model: ${found.join("; ")}`];
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
