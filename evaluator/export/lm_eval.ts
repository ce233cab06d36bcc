// A run in the log formats of other harnesses, so that their viewers and scripts can read it.

import type { BenchmarkScore, EvaluationRow } from "#shared/schemas/evaluation.ts";
import type { ReportedRun } from "../report/report.ts";
import { sha256 } from "#shared/tasks/digest.ts";

/** lm-evaluation-harness: the results file and one samples file (JSON Lines) a task, by file name. */
export async function toLmEval({ result, rows }: ReportedRun): Promise<Record<string, string>> {
  const stamp = result.run.created_at.replaceAll(":", "-").replace("Z", "");
  const names = result.benchmarks.map((benchmark) => benchmark.name);
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
  const files: Record<string, string> = { [`results_${stamp}.json`]: JSON.stringify(results, null, 2) };
  for (const name of names) {
    const samples = Map.groupBy(rows.filter((row) => row.benchmark === name), (row) => row.problem_id);
    const lines = [...samples.values()].map((group, id) => lmEvalSample(id, group));
    files[`samples_${name}_${stamp}.jsonl`] = (await Promise.all(lines)).map((line) =>
      JSON.stringify(line) + "\n"
    ).join("");
  }
  return files;
}

async function lmEvalSample(docId: number, group: EvaluationRow[]): Promise<object> {
  const [first] = group as [EvaluationRow];
  const doc = { id: first.problem_id, question: first.prompt, answer: first.gold };
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
    doc_hash: await sha256(JSON.stringify(doc)),
    prompt_hash: await sha256(first.prompt),
    target_hash: await sha256(first.gold),
    exact_match: right,
  };
}

/** inspect's JSON log of one benchmark: `inspect view` and `read_eval_log` open it. */
export function toInspect({ result, rows }: ReportedRun, benchmark: BenchmarkScore): string {
  const mine = rows.filter((row) => row.benchmark === benchmark.name);
  const created = result.run.created_at.replace(/\.\d+Z$/, "+00:00");
  const model = result.model;
  const samples = mine.map((row) => ({
    id: row.problem_id,
    epoch: row.sample + 1,
    input: row.prompt,
    target: row.gold,
    messages: [
      { role: "user", content: row.prompt, source: "input" },
      { role: "assistant", content: row.completion, source: "generate", model },
    ],
    output: {
      model,
      choices: [{
        message: { role: "assistant", content: row.completion, source: "generate", model },
        stop_reason: row.finish_reason === "length" ? "max_tokens" : row.finish_reason ?? "unknown",
      }],
    },
    scores: {
      verify: {
        value: row.verdict === true ? "C" : row.verdict === null ? "N" : "I",
        answer: row.extracted,
        explanation: `${row.tier}: ${row.reason}`,
        metadata: { trace_correct: row.trace_correct },
      },
    },
    metadata: { level: row.level },
    model_usage: {},
  }));
  const log = {
    version: 2,
    status: benchmark.missing === 0 ? "success" : "cancelled",
    eval: {
      eval_id: benchmark.task_hash.slice(0, 22),
      run_id: benchmark.task_hash.slice(22, 44),
      created,
      task: benchmark.name,
      task_id: benchmark.task_hash.slice(0, 22),
      task_version: 1,
      task_attribs: {},
      task_args: { preset: benchmark.preset, verifier: benchmark.verifier },
      dataset: {
        name: benchmark.title,
        samples: benchmark.n,
        sample_ids: benchmark.problems.map((problem) => problem.id),
        shuffled: false,
      },
      model,
      model_generate_config: {
        temperature: benchmark.sampling.temperature,
        top_p: benchmark.sampling.top_p,
        max_tokens: benchmark.sampling.max_tokens,
        seed: result.seed,
      },
      model_args: {},
      config: { epochs: benchmark.k },
      packages: {},
    },
    plan: { name: "plan", steps: [{ solver: "generate", params: {} }], config: {} },
    results: {
      total_samples: benchmark.n * benchmark.k,
      completed_samples: mine.length,
      scores: [{
        name: "verify",
        scorer: "verify",
        params: {},
        metrics: { accuracy: { name: "accuracy", value: benchmark.pass_at_1, params: {} } },
      }],
    },
    stats: { started_at: created, completed_at: created, model_usage: {} },
    samples,
  };
  return JSON.stringify(log);
}
