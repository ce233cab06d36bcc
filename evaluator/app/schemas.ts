// Bodies of requests to the HTTP service. They are strict: an unknown key is an error with the nearest known one.

import * as v from "valibot";
import { FAMILIES } from "#shared/schemas/recipe/data.ts";
import { count, fraction, name, nonNegative, positiveCount, seed } from "#shared/schemas/values.ts";
import { presets } from "#shared/verify/presets.ts";

/** Work limits of one request. */
const MAX_PAIRS = 1000;
export const MAX_CHUNK = 64;
export const MAX_SAMPLES = 32;
/** Most entries of any list of a request. */
export const MAX_LIST = 5000;

const text = v.pipe(v.string(), v.maxLength(200_000));
const shortText = v.pipe(v.string(), v.nonEmpty(), v.maxLength(10_000));
const grader = v.picklist(Object.keys(presets) as (keyof typeof presets)[]);
const family = v.picklist(FAMILIES);

export const VerifyRequest = v.strictObject({
  preset: v.optional(grader),
  pairs: v.pipe(
    v.array(v.strictObject({ id: v.optional(shortText), gold: shortText, completion: text })),
    v.minLength(1),
    v.maxLength(MAX_PAIRS),
  ),
});

const sampled = v.strictObject({
  problem_id: shortText,
  sample: v.optional(v.pipe(count, v.maxValue(MAX_SAMPLES - 1))),
  completion: text,
  finish_reason: v.optional(v.nullable(v.picklist(["stop", "length"]))),
});

export const ScoreRequest = v.strictObject({
  /** A bundled benchmark, or any name when `problems` carries the golds. */
  benchmark: name,
  preset: v.optional(grader),
  problems_seed: v.optional(seed),
  per_level: v.optional(v.pipe(positiveCount, v.maxValue(200))),
  problems: v.optional(v.pipe(
    v.array(v.strictObject({
      id: shortText,
      answer: shortText,
      level: v.optional(v.nullable(v.union([count, name]))),
      choices: v.optional(v.pipe(positiveCount, v.maxValue(26))),
    })),
    v.minLength(1),
    v.maxLength(MAX_LIST),
  )),
  completions: v.pipe(v.array(sampled), v.minLength(1), v.maxLength(MAX_LIST)),
});

/** What answers: an endpoint's model, or a checkpoint directory of the machine that serves. */
const evaluated = v.strictObject({
  endpoint: v.optional(v.pipe(v.string(), v.url("must be an address"), v.maxLength(500))),
  model: v.optional(shortText),
  checkpoint: v.optional(shortText),
  benchmarks: v.pipe(v.array(family), v.minLength(1), v.maxLength(FAMILIES.length)),
  problems_seed: v.optional(seed),
  per_level: v.optional(v.pipe(positiveCount, v.maxValue(100))),
  samples: v.optional(v.pipe(positiveCount, v.maxValue(MAX_SAMPLES))),
  temperature: v.optional(v.pipe(nonNegative, v.maxValue(10))),
  top_p: v.optional(fraction),
  max_tokens: v.optional(v.pipe(positiveCount, v.maxValue(32_768))),
  seed: v.optional(seed),
});
export const EvaluationRequest = v.pipe(
  evaluated,
  v.check(
    ({ endpoint, model, checkpoint }) =>
      checkpoint === undefined
        ? endpoint !== undefined && model !== undefined
        : endpoint === undefined && model === undefined,
    "must name an endpoint with its model, or a checkpoint",
  ),
  v.check(
    ({ checkpoint, top_p = 1 }) => checkpoint === undefined || top_p === 1,
    "must leave top_p at 1 for a checkpoint, which is sampled from the whole distribution",
  ),
);
export type EvaluationRequest = v.InferOutput<typeof EvaluationRequest>;

export const ChunkRequest = v.strictObject({
  /** Samples to ask for now. */
  count: v.optional(v.pipe(positiveCount, v.maxValue(MAX_CHUNK))),
});
