// A run as logs of inspect, one a benchmark: JSON, or the archive (.eval) that its viewer opens sample by sample.
// The viewer lists only files whose names begin with a time.

import type { BenchmarkScore, EvaluationRow } from "#shared/schemas/evaluation.ts";
import { zip, type ZipEntry } from "#shared/io/zip.ts";
import type { ReportedRun } from "../report/run_files.ts";
import type { ExportedFile } from "./exported_file.ts";

/** The logs of all benchmarks. */
export function toInspect(run: ReportedRun, format: "inspect" | "inspect-eval"): ExportedFile[] {
  return run.result.benchmarks.map((benchmark) => {
    const { created, eval: { task, task_id } } = headerOf(run, benchmark);
    const name = `${created.replaceAll(":", "-")}_${task.replaceAll("_", "-")}_${task_id}`;
    const content = format === "inspect" ? jsonLog(run, benchmark) : zip(archive(run, benchmark));
    return { name: `${name}.${format === "inspect" ? "json" : "eval"}`, content };
  });
}

function* jsonLog(run: ReportedRun, benchmark: BenchmarkScore): Generator<string> {
  const { created: _, ...header } = headerOf(run, benchmark);
  yield JSON.stringify(header).slice(0, -1) + ',"samples":[';
  let first = true;
  for (const sample of samplesOf(run, benchmark)) {
    yield (first ? "" : ",") + JSON.stringify(sample);
    first = false;
  }
  yield "]}";
}

function* archive(run: ReportedRun, benchmark: BenchmarkScore): Generator<ZipEntry> {
  const { created: _, ...header } = headerOf(run, benchmark);
  const entry = (name: string, value: unknown): ZipEntry => ({
    name,
    data: new TextEncoder().encode(JSON.stringify(value)),
  });
  yield entry("_journal/start.json", { version: header.version, eval: header.eval, plan: header.plan });
  const summaries = [];
  for (const sample of samplesOf(run, benchmark)) {
    yield entry(`samples/${sample.id}_epoch_${sample.epoch}.json`, sample);
    const { id, epoch, input, target, scores, metadata } = sample;
    summaries.push({ id, epoch, input: input.slice(0, 1000), target, scores, metadata, completed: true });
  }
  yield entry("summaries.json", summaries);
  yield entry("header.json", header);
}

type Sample = ReturnType<typeof sampleOf>;

function* samplesOf({ result, rows }: ReportedRun, { name }: BenchmarkScore): Generator<Sample> {
  for (const row of rows) if (row.benchmark === name) yield sampleOf(row, result.model);
}

function sampleOf(row: EvaluationRow, model: string) {
  return {
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
  };
}

/** The log without its samples. */
function headerOf({ result }: ReportedRun, benchmark: BenchmarkScore) {
  const created = result.run.created_at.replace(/\.\d+Z$/, "+00:00");
  const { model } = result;
  return {
    created,
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
      completed_samples: benchmark.problems.reduce((sum, { samples }) => sum + samples, 0),
      scores: [{
        name: "verify",
        scorer: "verify",
        params: {},
        metrics: { accuracy: { name: "accuracy", value: benchmark.pass_at_1, params: {} } },
      }],
    },
    stats: { started_at: created, completed_at: created, model_usage: {} },
  };
}
