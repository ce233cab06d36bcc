// Bodies of the HTTP service's responses, for its documents and for the types of what makes them.

import * as v from "valibot";
import { BenchmarkScoreSchema, EvaluationResultSchema } from "#shared/schemas/evaluation.ts";
import { count } from "#shared/schemas/values.ts";

const Verdict = v.nullable(v.union([v.boolean(), v.literal("undecided")]));
export const VerifyResponse = v.strictObject({
  results: v.array(v.strictObject({
    id: v.nullable(v.string()),
    verdict: Verdict,
    tier: v.string(),
    reason: v.string(),
    extracted: v.nullable(v.string()),
    span: v.nullable(v.strictTuple([count, count])),
  })),
});

const EvaluationState = v.strictObject({
  id: v.string(),
  total: count,
  done: count,
  status: v.picklist(["running", "complete"]),
});

export const Problem = v.strictObject({
  type: v.string(),
  title: v.string(),
  status: count,
  detail: v.string(),
});

/** By the path of their operation. */
export const RESPONSES: Record<string, v.GenericSchema> = {
  "/v1/verify": VerifyResponse,
  "/v1/score": BenchmarkScoreSchema,
  "/v1/evaluations": EvaluationState,
  "/v1/evaluations/{id}": EvaluationState,
  "/v1/evaluations/{id}/result": EvaluationResultSchema,
};
