// Exports: the shapes that the other harnesses read. (inspect_ai's read_eval_log and lm-eval's make_table
// were run on these files when the format was written.)

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { EvaluationRow } from "#shared/schemas/evaluation.ts";
import { Buffer } from "node:buffer";
import { crc32, inflateRawSync } from "node:zlib";
import type { ExportedFile } from "./exported_file.ts";
import { toInspect } from "./inspect.ts";
import { toLmEval } from "./lm_eval.ts";
import { stepOf, toCsv, toTensorboard } from "./scalars.ts";
import type { ReportedRun } from "../report/run_files.ts";

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
      ...{
        empty: 0,
        from_reasoning: 0,
        unknown_prompts: 0,
        unknown_word: null,
        identical_problems: 0,
        prompt_tokens: null,
      },
      ...{ preset: "qwen", verifier: "qwen", task_hash: "a".repeat(64) },
      sampling: { temperature: 1, top_p: 1, max_tokens: 8, stop: [] },
      problems: [{ id: "p", level: null, samples: 2, correct: 1, trace_correct: null }],
    }],
  },
};

/** The text of an exported file. */
const textOf = ({ content }: ExportedFile): string => [...content as Iterable<string>].join("");

describe("exports", () => {
  it("lm-eval: results by task and one sample line a problem with all its completions", () => {
    const files = toLmEval(run);
    assert.deepEqual(files.map(({ name }) => name), [
      "results_2026-01-01T00-00-00.000.json",
      "samples_b_2026-01-01T00-00-00.000.jsonl",
    ]);
    const [results, samples] = files.map((file) => JSON.parse(textOf(file)));
    assert.equal(results.results.b["exact_match,none"], 0.5);
    assert.deepEqual(samples.resps, [["#### 2", "#### 2"]]);
    assert.deepEqual([samples.doc_id, samples.target, samples.exact_match], [0, "2", 0.5]);
    assert.deepEqual(samples.filtered_resps, ["2", "[invalid]"]);
    assert.match(samples.doc_hash, /^[0-9a-f]{64}$/);
  });

  it("inspect: an epoch a sample, C and I as scores, max_tokens as a stop reason, a name that its viewer lists", () => {
    const [file] = toInspect(run, "inspect");
    assert.match(file!.name, /^2026-01-01T00-00-00\+00-00_b_a+\.json$/);
    const log = JSON.parse(textOf(file!));
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

  it("inspect-eval: the same log as an archive, an entry a sample", () => {
    const [file] = toInspect(run, "inspect-eval");
    assert.match(file!.name, /\.eval$/);
    const entries = unzip(file!);
    assert.deepEqual([...entries.keys()], [
      "_journal/start.json",
      "samples/p_epoch_1.json",
      "samples/p_epoch_2.json",
      "summaries.json",
      "header.json",
    ]);
    const { samples, ...header } = JSON.parse(textOf(toInspect(run, "inspect")[0]!));
    assert.deepEqual(JSON.parse(entries.get("header.json")!), header);
    assert.deepEqual(JSON.parse(entries.get("samples/p_epoch_2.json")!), samples[1]);
  });

  it("scalars: scores under the step that the checkpoint's path names", () => {
    const result = { ...run.result, model: "runs/x/checkpoint-1200" };
    const [header, row] = textOf(toCsv(result)[0]!).trim().split("\n").map((line) => line.split(","));
    const scalars = Object.fromEntries(header!.map((name, i) => [name, row![i]]));
    assert.deepEqual([scalars["step"], scalars["eval/b/pass_at_1"], scalars["eval/b/no_answer"]], [
      "1200",
      "0.5",
      "0.5",
    ]);
    const [events] = toTensorboard(result);
    assert.match(events!.name, /^events\.out\.tfevents\.\d+\.ghpo$/);
    const bytes = new TextDecoder("latin1").decode([...events!.content as Iterable<Uint8Array>][0]!);
    assert.match(bytes, /eval\/b\/pass_at_1/);
    assert.equal(stepOf("runs/x/step_00042/"), 42);
    assert.equal(stepOf("Qwen2.5-1.5B"), 0);
  });
});

/** Names and texts of an archive's entries, found by its directory. */
function unzip({ content }: ExportedFile): Map<string, string> {
  const bytes = Buffer.concat([...content as Iterable<Uint8Array>]);
  const end = bytes.lastIndexOf(Buffer.from("PK\x05\x06"));
  const entries = new Map<string, string>();
  for (let at = bytes.readUInt32LE(end + 16), i = bytes.readUInt16LE(end + 10); i > 0; i--) {
    const [packed, size, name] = [
      bytes.readUInt32LE(at + 20),
      bytes.readUInt32LE(at + 24),
      bytes.readUInt16LE(at + 28),
    ];
    const offset = bytes.readUInt32LE(at + 42);
    const start = offset + 30 + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
    const data = inflateRawSync(bytes.subarray(start, start + packed));
    assert.deepEqual([data.length, crc32(data)], [size, bytes.readUInt32LE(at + 16)]);
    entries.set(bytes.toString("utf8", at + 46, at + 46 + name), data.toString("utf8"));
    at += 46 + name + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return entries;
}
