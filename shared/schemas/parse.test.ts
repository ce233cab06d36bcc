import { describe, it } from "node:test";
import assert from "node:assert/strict";
import * as v from "valibot";
import { counts, numeral } from "./values.ts";
import { nearest, parse, parseFlags } from "./parse.ts";
import { leastRecipe as recipe, sentence } from "./testing.ts";
import { ProblemSchema } from "./problem.ts";
import { MetricsSchema } from "./metrics.ts";
import { GroupSchema } from "./rollout.ts";
import { CheckpointManifestSchema } from "./checkpoint.ts";
import { EvaluationResultSchema } from "./evaluation.ts";
import { runEntries } from "./recipe/run.ts";
import { SftRecipeSchema } from "./recipe/sft.ts";
import { trainEntries } from "./recipe/train.ts";

const TrainRecipeSchema = v.strictObject({ ...runEntries, ...trainEntries });

describe("parse()", () => {
  it("names an unknown key and the nearest known one, at any depth", () => {
    assert.equal(
      sentence(TrainRecipeSchema, { ...recipe, generation: { num_generation: 8 } }),
      "Cannot read recipe r.toml as the key generation.num_generation is unknown: the nearest known key is num_generations",
    );
    assert.equal(
      sentence(TrainRecipeSchema, { ...recipe, otimizer: {} }),
      "Cannot read recipe r.toml as the key otimizer is unknown: the nearest known key is optimizer",
    );
    assert.equal(
      sentence(SftRecipeSchema, {
        ...recipe,
        sft: { phases: [{ steps: 1, learning_rate: 1, step_eror_rate: 0 }] },
      }),
      "Cannot read recipe r.toml as the key sft.phases[0].step_eror_rate is unknown: the nearest known key is step_error_rate",
    );
  });

  it("prefers the misspelt key to the one that is missing because of it", () => {
    assert.equal(
      sentence(TrainRecipeSchema, { modle: "m", output_dir: "o", data: { families: ["chain"] } }),
      "Cannot read recipe r.toml as the key modle is unknown: the nearest known key is model",
    );
  });

  it("names a missing key", () => {
    assert.equal(
      sentence(TrainRecipeSchema, { model: "m", data: {} }),
      "Cannot read recipe r.toml as the key output_dir is missing",
    );
  });

  it("says what is allowed and what the value is", () => {
    assert.equal(
      sentence(TrainRecipeSchema, { ...recipe, optimizer: { learning_rate: -1 } }),
      "Cannot read recipe r.toml as optimizer.learning_rate must be > 0: current value is -1",
    );
    assert.equal(
      sentence(TrainRecipeSchema, { ...recipe, generation: { num_generations: 1.5 } }),
      "Cannot read recipe r.toml as generation.num_generations must be a whole number: current value is 1.5",
    );
    assert.equal(
      sentence(TrainRecipeSchema, { ...recipe, variants: "bas" }),
      'Cannot read recipe r.toml as variants must be "auto" | "base" (the nearest is "base"): current value is "bas"',
    );
    assert.equal(
      sentence(TrainRecipeSchema, { ...recipe, reward: { weights: [1] } }),
      "Cannot read recipe r.toml as reward must have as many weights as functions: " +
        'current value is {"functions":["accuracy","format"],"weights":[1],"preset"...',
    );
    assert.equal(
      sentence(TrainRecipeSchema, 3),
      "Cannot read recipe r.toml as it must be an object: current value is 3",
    );
  });

  it("refuses a recipe with two problem sources, or none", () => {
    const message = /data must name either families or a path/;
    assert.match(sentence(TrainRecipeSchema, { ...recipe, data: {} }), message);
    assert.match(sentence(TrainRecipeSchema, { ...recipe, data: { families: ["gcd"], path: "x" } }), message);
  });
});

describe("parseFlags()", () => {
  it("names a flag as it is typed", () => {
    const schema = v.strictObject({ maxTokens: v.pipe(v.number(), v.minValue(1)) });
    assert.throws(
      () => parseFlags(schema, { maxTokens: 0 }),
      new TypeError("Cannot read the flags as --max-tokens must be >= 1: current value is 0"),
    );
  });
});

describe("nearest()", () => {
  it("has the smallest edit distance", () => {
    assert.equal(nearest("lerning_rate", ["learning_rate", "lr_scheduler_type"]), "learning_rate");
    assert.equal(nearest("x", []), undefined);
  });
});

describe("records", () => {
  const problem = {
    id: "chain-1",
    text: "Compute 4+5",
    answer: "9",
    trace: { text: "4+5=9", steps: ["4+5=9"] },
    level: 1,
    source: "chain",
  };

  it("Problem: steps must join to the text of the trace", () => {
    assert.deepEqual(parse(ProblemSchema, problem, "p"), problem);
    assert.match(
      sentence(ProblemSchema, { ...problem, trace: { text: "4+5=9", steps: ["4+5"] } }),
      /trace must have steps that join to its text/,
    );
  });

  it("Group: one log-probability a token", () => {
    const completion = {
      ids: [4, 1],
      text: "9",
      finish_reason: "stop",
      logprobs: [-0.5, -0.1],
      rewards: { accuracy: 1 },
      advantage: 0,
    };
    const group = {
      step: 0,
      problem_id: "chain-1",
      guidance: { stage: 0, ratio: 0, cut: "step", hint: "", leak: false },
      prompt: "Compute 4+5\nAnswer: ",
      prompt_ids: [5],
      completions: [completion],
      accuracy_unhinted: null,
      policy_version: 0,
    };
    assert.deepEqual(parse(GroupSchema, group, "g"), group);
    const broken = { ...group, completions: [{ ...completion, logprobs: [-0.5] }] };
    assert.match(sentence(GroupSchema, broken), /completions\[0\] must have one log-probability a token/);
  });

  it("Metrics: flat finite numbers or null", () => {
    const line = { step: 3, time: 1.5, reward: 0.2, "ghpo/rescue_rate/stage_1": null };
    assert.deepEqual(parse(MetricsSchema, line, "m"), line);
    assert.match(sentence(MetricsSchema, { ...line, loss: "0.1" }), /loss must be a number/);
    assert.match(
      sentence(MetricsSchema, { ...line, loss: Infinity }),
      /loss must be finite: current value is Infinity/,
    );
  });

  it("CheckpointManifest: a path cannot leave the directory", () => {
    const digest = "0".repeat(64);
    const manifest = {
      format_version: 1,
      kind: "train",
      step: 10,
      created_at: "2026-01-01T00:00:00.000Z",
      model_type: "llama",
      seed: 42,
      recipe_sha256: digest,
      adapter: "software",
      kernel_variants: { matmul: "base" },
      data_cursor: { epoch: 0, index: 160 },
      generated_tokens: 0,
      elapsed_s: 1.5,
      metrics: { "eval/accuracy": 0.5 },
      inputs: {},
      files: [{ path: "model.safetensors", bytes: 10, sha256: digest }],
    };
    assert.deepEqual(parse(CheckpointManifestSchema, manifest, "m"), manifest);
    for (const path of ["../x", "/x", "a/../../x"]) {
      const files = [{ path, bytes: 10, sha256: digest }];
      assert.match(
        sentence(CheckpointManifestSchema, { ...manifest, files }),
        /files\[0\]\.path must stay inside/,
      );
    }
  });

  it("EvaluationResult: an interval has its lower end first", () => {
    const score = {
      n: 1,
      pass_at_1: 0.5,
      interval_95: [0.35, 0.65],
      trace_accuracy: 0.4,
      trace_interval_95: [0.3, 0.5],
    };
    const result = {
      format_version: 1,
      model: "runs/x",
      model_sha256: null,
      source: "checkpoint",
      seed: 1,
      problems_seed: 9,
      complete: true,
      benchmarks: [{
        name: "chain",
        title: "Chain sums",
        ...score,
        k: 2,
        avg_at_k: 0.5,
        pass_at: { 1: 0.5, 2: 1 },
        maj_at_k: 0.5,
        stability: null,
        per_level: [{ level: 1, ...score }],
        missing: 0,
        no_answer: 0,
        empty: 0,
        from_reasoning: 0,
        identical_problems: 0,
        undecided: 0,
        unknown_prompts: 0,
        unknown_word: null,
        unverifiable_gold: 0,
        truncated: 0,
        generated_tokens: 100,
        prompt_tokens: null,
        preset: "plain",
        verifier: "report",
        task_hash: "0".repeat(64),
        sampling: { temperature: 1, top_p: 1, max_tokens: 64, stop: [] },
        problems: [{ id: "chain/1", level: 1, samples: 2, correct: 1, trace_correct: 0 }],
      }],
      average: 0.5,
      average_interval_95: [0.35, 0.65],
      average_trace_accuracy: null,
      rows: "rows.jsonl",
      run: { created_at: "2026-01-01T00:00:00.000Z", duration_s: 2, engine: null },
    };
    assert.deepEqual(parse(EvaluationResultSchema, result, "e"), result);
    const benchmarks = [{ ...result.benchmarks[0]!, interval_95: [0.65, 0.35] }];
    assert.match(
      sentence(EvaluationResultSchema, { ...result, benchmarks }),
      /interval_95 must have its lower end first/,
    );
  });
});

describe("numbers in flags", () => {
  it("are what the text writes, and an empty text is none", () => {
    assert.equal(parse(numeral, "1e-5", "f"), 1e-5);
    assert.deepEqual(parse(counts, "5,6,7", "f"), [5, 6, 7]);
    for (const text of ["", " ", "abc", "Infinity"]) {
      assert.match(sentence(numeral, text), /must be a number/);
    }
    for (const text of ["", "5,", "5,x", "5,-1", "1.5"]) assert.notEqual(sentence(counts, text), "");
  });
});
