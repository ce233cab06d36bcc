// The operations of the service: what its guard looks up for every request, and its documents list. Responses are
// described apart (responses.ts), as only the documents need them.

import type * as v from "valibot";
import { FAMILIES } from "#shared/schemas/recipe/data.ts";
import { ChunkRequest, EvaluationRequest, ScoreRequest, VerifyRequest } from "./schemas.ts";

/** One operation. `media` is the type of its response where that is not JSON. */
export interface Operation {
  method: "get" | "post";
  path: string;
  summary: string;
  request?: v.GenericSchema;
  /** What the request's checks ask beyond the schema of its fields, as JSON Schema. */
  rule?: Record<string, unknown>;
  media?: string;
  /** A body that works. */
  example?: unknown;
  open?: true;
}

export const operations: readonly Operation[] = [
  { method: "get", path: "/healthz", summary: "Whether the service answers", open: true },
  { method: "get", path: "/openapi.json", summary: "This document", open: true },
  { method: "get", path: "/docs", summary: "This document as a page", media: "text/html", open: true },
  {
    method: "post",
    path: "/v1/verify",
    summary: "Judge a batch of completions against gold answers",
    request: VerifyRequest,
    example: { pairs: [{ gold: "1/2", completion: "so it is \\boxed{0.5}" }] },
  },
  {
    method: "post",
    path: "/v1/score",
    summary: "Score the completions of a benchmark, with intervals",
    request: ScoreRequest,
    rule: { anyOf: [{ properties: { benchmark: { enum: FAMILIES } } }, { required: ["problems"] }] },
    example: {
      benchmark: "mine",
      problems: [{ id: "a", answer: "12" }],
      completions: [{ problem_id: "a", completion: "#### 12" }, { problem_id: "a", completion: "#### 13" }],
    },
  },
  {
    method: "post",
    path: "/v1/evaluations",
    summary:
      "Start an evaluation of an allowed endpoint or checkpoint, or find the one that the same body started",
    request: EvaluationRequest,
    rule: {
      anyOf: [
        { required: ["endpoint", "model"], properties: { checkpoint: false } },
        { required: ["checkpoint"], properties: { endpoint: false, model: false, top_p: { const: 1 } } },
      ],
    },
    example: { endpoint: "https://api.example.com/v1", model: "NAME", benchmarks: ["chain"], per_level: 4 },
  },
  {
    method: "get",
    path: "/v1/evaluations/{id}",
    summary: "How far an evaluation is",
  },
  {
    method: "post",
    path: "/v1/evaluations/{id}/next",
    summary: "Ask for the next samples; progress arrives as server-sent events. The endpoint's own key is " +
      "passed in the header x-endpoint-authorization and never stored",
    request: ChunkRequest,
    example: { count: 16 },
    media: "text/event-stream",
  },
  {
    method: "get",
    path: "/v1/evaluations/{id}/result",
    summary: "The scores of the samples so far",
  },
];

/** The operations at an address, whatever their method; none when there is nothing. */
export function operationsAt(pathname: string): Operation[] {
  const parts = pathname.split("/");
  return operations.filter(({ path }) => {
    const pattern = path.split("/");
    return pattern.length === parts.length &&
      pattern.every((p, i) => p === parts[i] || (p === "{id}" && parts[i] !== ""));
  });
}
