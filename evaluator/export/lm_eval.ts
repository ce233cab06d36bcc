// A run in the format of lm-evaluation-harness, so that its scripts and viewers can read it.

import type { BenchmarkScore, EvaluationRow } from "#shared/schemas/evaluation.ts";
import { sha256 } from "#shared/io/hash.ts";
import { byProblem, type ReportedRun } from "../report/run_files.ts";
import type { ExportedFile } from "./exported_file.ts";

/** lm-evaluation-harness: the results file and one samples file (JSON Lines) a task, by file name. */
export function toLmEval({ result, rows }: ReportedRun): ExportedFile[] {
  const stamp = result.run.created_at.replaceAll(":", "-").replace("Z", "");
  const byName = <T>(value: (benchmark: BenchmarkScore) => T): Record<string, T> =>
    Object.fromEntries(result.benchmarks.map((benchmark) => [benchmark.name, value(benchmark)]));
  const results = {
    results: byName((b) => ({
      alias: b.name,
      "exact_match,none": b.pass_at_1,
      "exact_match_stderr,none": (b.interval_95[1] - b.interval_95[0]) / (2 * 1.959963984540054),
    })),
    group_subtasks: byName(() => []),
    configs: byName((b) => ({
      task: b.name,
      output_type: "generate_until",
      repeats: b.k,
      generation_kwargs: { ...b.sampling, until: b.sampling.stop },
      metadata: { version: 1, preset: b.preset, verifier: b.verifier },
    })),
    versions: byName(() => 1),
    "n-shot": byName(() => 0),
    higher_is_better: byName(() => ({ exact_match: true })),
    "n-samples": byName((b) => ({ original: b.n, effective: b.n })),
    config: {
      model: result.source,
      model_args: result.model,
      random_seed: result.seed,
      bootstrap_iters: 2000,
    },
    date: Date.parse(result.run.created_at) / 1000,
    task_hashes: byName((b) => b.task_hash),
    model_name: result.model,
    total_evaluation_time_seconds: String(result.run.duration_s),
  };
  return [
    { name: `results_${stamp}.json`, content: [JSON.stringify(results, null, 2)] },
    ...result.benchmarks.map(({ name }) => ({
      name: `samples_${name}_${stamp}.jsonl`,
      content: { [Symbol.iterator]: () => sampleLines(rows, name) },
    })),
  ];
}

function* sampleLines(rows: Iterable<EvaluationRow>, benchmark: string): Generator<string> {
  let id = 0;
  for (const group of byProblem(rows)) {
    if (group[0]?.benchmark === benchmark) yield JSON.stringify(lmEvalSample(id++, group)) + "\n";
  }
}

function lmEvalSample(docId: number, group: EvaluationRow[]): object {
  const [first] = group as [EvaluationRow];
  const doc = { id: first.problem_id, question: first.question || first.prompt, answer: first.gold };
  const right = group.filter((row) => row.verdict === true).length / group.length;
  return {
    doc_id: docId,
    doc,
    target: first.gold,
    arguments: { gen_args_0: { arg_0: first.prompt, arg_1: {} } },
    resps: [group.map((row) => row.completion)],
    filtered_resps: group.map((row) => row.extracted ?? "[invalid]"),
    filter: "none",
    metrics: ["exact_match"],
    doc_hash: sha256(JSON.stringify(doc)),
    prompt_hash: sha256(first.prompt),
    target_hash: sha256(first.gold),
    exact_match: right,
  };
}
