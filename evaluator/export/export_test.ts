// Exports: the shapes that the other harnesses read. (inspect_ai's read_eval_log and lm-eval's make_table
// were run on these files when the format was written.)

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { EvaluationRow } from "#shared/schemas/evaluation.ts";
import { toInspect, toLmEval } from "./lm_eval.ts";
import type { ReportedRun } from "../report/report.ts";

const row: EvaluationRow = {
  ...{
    benchmark: "b",
    problem_id: "p",
    level: null,
    sample: 0,
    question: "1+1?",
    prompt: "1+1?",
    completion: "#### 2",
  },
  ...{ finish_reason: "stop", tokens: 3, gold: "2", extracted: "2", span: [5, 6], verdict: true },
  graded: "completion",
  ...{ tier: "number", reason: "same", trace_correct: null },
};
const run: ReportedRun = {
  rows: [row, { ...row, sample: 1, verdict: false, finish_reason: "length", extracted: null }],
  result: {
    ...{ format_version: 1, model: "m", model_sha256: null, source: "openai", seed: 0, problems_seed: null },
    ...{
      complete: true,
      average: 0.5,
      average_interval_95: [0.1, 0.9],
      average_trace_accuracy: null,
      rows: [],
    },
    run: { created_at: "2026-01-01T00:00:00.000Z", duration_s: 1, engine: null },
    benchmarks: [{
      ...{ name: "b", title: "B", n: 1, pass_at_1: 0.5, interval_95: [0.1, 0.9], k: 2, avg_at_k: 0.5 },
      ...{
        trace_accuracy: null,
        trace_interval_95: null,
        pass_at: { 1: 0.5, 2: 1 },
        maj_at_k: 1,
        stability: null,
        per_level: [],
      },
      ...{ missing: 0, no_answer: 1, undecided: 0, unverifiable_gold: 0, truncated: 1, generated_tokens: 6 },
      ...{ empty: 0, from_reasoning: 0, identical_problems: 0, prompt_tokens: null },
      ...{ preset: "qwen", verifier: "qwen", task_hash: "a".repeat(64) },
      sampling: { temperature: 1, top_p: 1, max_tokens: 8, stop: [] },
      problems: [{ id: "p", level: null, samples: 2, correct: 1, trace_correct: null }],
    }],
  },
};

describe("exports", () => {
  it("lm-eval: results by task and one sample line a problem with all its completions", async () => {
    const files = await toLmEval(run);
    assert.deepEqual(Object.keys(files), [
      "results_2026-01-01T00-00-00.000.json",
      "samples_b_2026-01-01T00-00-00.000.jsonl",
    ]);
    const [results, samples] = Object.values(files).map((text) => JSON.parse(text));
    assert.equal(results.results.b["exact_match,none"], 0.5);
    assert.deepEqual(samples.resps, [["#### 2", "#### 2"]]);
    assert.deepEqual([samples.doc_id, samples.target, samples.exact_match], [0, "2", 0.5]);
    assert.deepEqual(samples.filtered_resps, ["2", "[invalid]"]);
    assert.match(samples.doc_hash, /^[0-9a-f]{64}$/);
  });

  it("inspect: an epoch a sample, C and I as scores, max_tokens as a stop reason", () => {
    const log = JSON.parse(toInspect(run, run.result.benchmarks[0]!));
    assert.deepEqual([log.version, log.status, log.eval.config.epochs], [2, "success", 2]);
    type Sample = {
      epoch: number;
      scores: { verify: { value: string } };
      output: { choices: { stop_reason: string }[] };
    };
    assert.deepEqual(
      log.samples.map((s: Sample) => [s.epoch, s.scores.verify.value, s.output.choices[0]!.stop_reason]),
      [[1, "C", "stop"], [2, "I", "max_tokens"]],
    );
    assert.equal(log.results.scores[0].metrics.accuracy.value, 0.5);
  });
});
