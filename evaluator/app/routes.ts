// The routes of the service, without the guard around them.

import { Elysia } from "elysia";
import type * as v from "valibot";
import type { OpenCheckpoint } from "./evaluations.ts";
import { allowedEndpoint, refuseCheckpoint } from "./guard.ts";
import { ChunkRequest, EvaluationRequest, MAX_CHUNK, ScoreRequest, VerifyRequest } from "./schemas.ts";
import type { ServiceSettings } from "./settings.ts";
import { eventStream } from "./sse.ts";
import type { Store } from "./store.ts";

/** Settings of the service, with what its host brings. */
export interface Settings extends ServiceSettings {
  store: Store;
  /** Opens the checkpoints that may be evaluated; without it there are none. */
  openCheckpoint?: OpenCheckpoint;
}

/** What only some requests need is loaded by the first of them, so that a worker starts sooner. */
const parts = {
  documents: () => import("./openapi.ts"),
  evaluations: () => import("./evaluations.ts"),
  score: () => import("./score.ts"),
  verify: () => import("./verify.ts"),
};

/** Longest wait for one completion of an endpoint, ms, and completions asked for at a time. */
const ENDPOINT_LIMITS = { timeoutMs: 60_000, concurrency: 6 };

/** The type of a body for the routes and their clients; it was checked before (evaluator/app.ts). */
function checked<S extends v.GenericSchema>(schema: S): Pick<S, "~standard"> {
  return { "~standard": { ...schema["~standard"], validate: (value: unknown) => ({ value }) } };
}

/** The routes; their type is what a typed client needs. */
export function routes(
  { store, endpoints, openCheckpoint = refuseCheckpoint }: Pick<
    Settings,
    "store" | "endpoints" | "openCheckpoint"
  >,
  bodyOf: (request: Request) => unknown = () => undefined,
) {
  // Ahead-of-time compilation would need `new Function`, which an edge worker forbids.
  return new Elysia({ aot: false })
    .onParse(({ request }) => bodyOf(request))
    .get("/healthz", () => ({ status: "ok" }))
    .get("/openapi.json", async () => (await parts.documents()).openApi())
    .get("/docs", async () => {
      const { docsPage } = await parts.documents();
      return new Response(docsPage(), { headers: { "content-type": "text/html; charset=utf-8" } });
    })
    .post("/v1/verify", async ({ body }) => ({ results: await (await parts.verify()).verifyPairs(body) }), {
      body: checked(VerifyRequest),
    })
    .post("/v1/score", async ({ body }) => await (await parts.score()).scoreCompletions(body), {
      body: checked(ScoreRequest),
    })
    .post("/v1/evaluations", async ({ body }) => {
      const request = body.endpoint === undefined
        ? body
        : { ...body, endpoint: allowedEndpoint(body.endpoint, endpoints) };
      const { startEvaluation } = await parts.evaluations();
      return await startEvaluation(store, request, openCheckpoint);
    }, { body: checked(EvaluationRequest) })
    .get("/v1/evaluations/:id", async ({ params }) => {
      const { progressOf } = await parts.evaluations();
      return await progressOf(store, params.id);
    })
    .get("/v1/evaluations/:id/result", async ({ params }) => {
      const { resultOf } = await parts.evaluations();
      return await resultOf(store, params.id);
    })
    .post("/v1/evaluations/:id/next", async ({ params, body, headers }) => {
      const { nextSamples, sourceOf } = await parts.evaluations();
      const key = headers["x-endpoint-authorization"]?.replace(/^Bearer /, "");
      // Opened before the stream begins, so that what is missing or changed still has a status of its own.
      const source = await sourceOf(store, params.id, openCheckpoint, key, ENDPOINT_LIMITS);
      return eventStream(nextSamples(store, params.id, body.count ?? MAX_CHUNK, source));
    }, { body: checked(ChunkRequest) });
}
