// The evaluator as a web service: one fetch handler that runs unchanged under Deno, Bun and workerd.
// It verifies, scores, and evaluates what is on an allow-list. It loads no GPU and no file system: where
// checkpoints are served (Deno and Bun), `serve` hands in the function that opens them.

import { Elysia } from "elysia";
import type * as v from "valibot";
import { parse } from "#shared/schemas/parse.ts";
import {
  nextSamples,
  type OpenCheckpoint,
  progressOf,
  resultOf,
  sourceOf,
  startEvaluation,
} from "./app/evaluations.ts";
import { allowedEndpoint, isAuthorized, limitedBody, RateLimiter, refuseCheckpoint } from "./app/guard.ts";
import { docsPage, openApi, type Operation, operationsAt } from "./app/openapi.ts";
import { HttpProblem, problemResponse } from "./app/problem.ts";
import { ChunkRequest, EvaluationRequest, MAX_CHUNK, ScoreRequest, VerifyRequest } from "./app/schemas.ts";
import { scoreCompletions } from "./app/score.ts";
import { eventStream } from "./app/sse.ts";
import { type DurableBinding, DurableStore, MemoryStore, type Store } from "./app/store.ts";
import { verifyPairs } from "./app/verify.ts";

export { EvaluationStore } from "./app/store.ts";

/** Settings of the service. */
export interface Settings {
  store: Store;
  /** Bearer token of the callers; null leaves the service open. */
  token: string | null;
  /** Address prefixes that evaluations may be sent to. */
  endpoints: readonly string[];
  /** Opens the checkpoints that may be evaluated; without it there are none. */
  openCheckpoint?: OpenCheckpoint;
  maxBodyBytes: number;
  requestsPerMinute: number;
}

/** Longest wait for one completion of an endpoint, ms, and completions asked for at a time. */
const ENDPOINT_LIMITS = { timeoutMs: 60_000, concurrency: 6 };

/** The routes, without the guard around them; its type is what a typed client needs. */
export function routes(
  { store, endpoints, openCheckpoint = refuseCheckpoint }: Pick<
    Settings,
    "store" | "endpoints" | "openCheckpoint"
  >,
) {
  // Ahead-of-time compilation would need `new Function`, which an edge worker forbids.
  return new Elysia({ aot: false })
    .get("/healthz", () => ({ status: "ok" }))
    .get("/openapi.json", () => openApi())
    .get("/docs", () => new Response(docsPage(), { headers: { "content-type": "text/html; charset=utf-8" } }))
    .post("/v1/verify", async ({ body }) => ({ results: await verifyPairs(body) }), { body: VerifyRequest })
    .post("/v1/score", async ({ body }) => await scoreCompletions(body), { body: ScoreRequest })
    .post("/v1/evaluations", async ({ body }) => {
      const request = body.endpoint === undefined
        ? body
        : { ...body, endpoint: allowedEndpoint(body.endpoint, endpoints) };
      return await startEvaluation(store, request, openCheckpoint);
    }, { body: EvaluationRequest })
    .get("/v1/evaluations/:id", async ({ params }) => await progressOf(store, params.id))
    .get("/v1/evaluations/:id/result", async ({ params }) => await resultOf(store, params.id))
    .post("/v1/evaluations/:id/next", async ({ params, body, headers }) => {
      const key = headers["x-endpoint-authorization"]?.replace(/^Bearer /, "");
      // Opened before the stream begins, so that what is missing or changed still has a status of its own.
      const source = await sourceOf(store, params.id, openCheckpoint, key, ENDPOINT_LIMITS);
      return eventStream(nextSamples(store, params.id, body.count ?? MAX_CHUNK, source));
    }, { body: ChunkRequest });
}

/** Builds the service's fetch handler. */
export function createHandler(settings: Settings): (request: Request) => Promise<Response> {
  const limiter = new RateLimiter(settings.requestsPerMinute);
  const app = routes(settings).onError(({ code, error }) => problemResponse(problemOf(code, error)));
  return async (request) => {
    try {
      const url = new URL(request.url);
      const operation = operationFor(request.method, url.pathname);
      if (!operation.open) {
        const header = request.headers.get("authorization");
        limiter.take(header ?? "anonymous");
        if (settings.token !== null && !await isAuthorized(header, settings.token)) {
          throw new HttpProblem(401, "The bearer token is missing or wrong", {
            "www-authenticate": "Bearer",
          });
        }
      }
      const { request: schema } = operation;
      return await app.handle(
        schema ? await checkedRequest(request, schema, settings.maxBodyBytes) : request,
      );
    } catch (error) {
      return problemResponse(problemOf("UNKNOWN", error));
    }
  };
}

/** The operation that a request names. Throws 404 or 405. */
function operationFor(method: string, pathname: string): Operation {
  const there = operationsAt(pathname);
  if (there.length === 0) throw new HttpProblem(404, "There is nothing at this address");
  const operation = there.find((known) => known.method.toUpperCase() === method);
  if (operation) return operation;
  const allow = there.map((known) => known.method.toUpperCase()).join(", ");
  throw new HttpProblem(405, `The method must be ${allow}`, { allow });
}

/** Reads and checks the body before routing, so that faults of any size and form are answered here. */
async function checkedRequest(request: Request, schema: v.GenericSchema, maxBytes: number): Promise<Request> {
  const text = await limitedBody(request, maxBytes);
  if (!/^application\/json\b/.test(request.headers.get("content-type") ?? "")) {
    throw new HttpProblem(415, "The body must be application/json");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new HttpProblem(400, "The body is not valid JSON");
  }
  try {
    parse(schema, value, "the body");
  } catch (error) {
    throw new HttpProblem(422, error instanceof Error ? error.message : "The body does not fit");
  }
  // The length of the incoming headers no longer fits a body that was read and written again.
  const headers = new Headers(request.headers);
  headers.delete("content-length");
  return new Request(request.url, { method: "POST", headers, body: text });
}

function problemOf(code: unknown, error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (code === "NOT_FOUND") return new HttpProblem(404, "There is nothing at this address");
  if (code === "VALIDATION" || code === "PARSE") return new HttpProblem(422, "The request does not fit");
  console.error(error);
  return new HttpProblem(500, "The service failed; the fault is in its log");
}

/** Settings from the environment, or from the bindings that workerd passes with a request. */
function settingsFrom(bindings: unknown): Settings {
  const { process } = globalThis as { process?: { env: Record<string, unknown> } };
  const env = process?.env ?? bindings as Record<string, unknown>;
  const text = (key: string): string | null => typeof env[key] === "string" ? env[key] : null;
  const durable = process ? undefined : env["EVALUATIONS"] as DurableBinding | undefined;
  return {
    store: durable ? new DurableStore(durable) : new MemoryStore(),
    token: text("GHPO_TOKEN"),
    endpoints: (text("GHPO_ENDPOINTS") ?? "").split(",").filter((entry) => entry !== ""),
    maxBodyBytes: Number(text("GHPO_MAX_BODY_BYTES") ?? 4_000_000),
    requestsPerMinute: Number(text("GHPO_REQUESTS_PER_MINUTE") ?? 60_000),
  };
}

let handler: ((request: Request) => Promise<Response>) | undefined;

/** The entry of `deno serve`, Bun and workerd. */
export default {
  fetch(request: Request, bindings?: unknown): Promise<Response> {
    handler ??= createHandler(settingsFrom(bindings));
    return handler(request);
  },
};
