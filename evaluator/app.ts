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
import { allowedEndpoint, authorize, limitedBody, RateLimiter, refuseCheckpoint } from "./app/guard.ts";
import { errorResponse, HttpError } from "./app/http_error.ts";
import { docsPage, openApi, type Operation, operationsAt } from "./app/openapi.ts";
import { ChunkRequest, EvaluationRequest, MAX_CHUNK, ScoreRequest, VerifyRequest } from "./app/schemas.ts";
import { scoreCompletions } from "./app/score.ts";
import { lookupIn, readSettings, type ServiceSettings } from "./app/settings.ts";
import { eventStream } from "./app/sse.ts";
import { type DurableBinding, DurableStore, MemoryStore, type Store } from "./app/store.ts";
import { verifyPairs } from "./app/verify.ts";

export { EvaluationStore } from "./app/store.ts";

/** Settings of the service, with what its host brings. */
export interface Settings extends ServiceSettings {
  store: Store;
  /** Opens the checkpoints that may be evaluated; without it there are none. */
  openCheckpoint?: OpenCheckpoint;
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
  const app = routes(settings).onError(({ code, error }) => errorResponse(errorOf(code, error)));
  return async (request) => {
    try {
      const { pathname, search } = addressOf(request);
      // HEAD is GET without the body.
      const method = request.method === "HEAD" ? "GET" : request.method;
      const operation = operationFor(method, pathname);
      if (!operation.open) {
        await authorize(request.headers.get("authorization"), settings.access);
        limiter.take();
      }
      const body = operation.request
        ? await checkedBody(request, operation.request, settings.maxBodyBytes)
        : null;
      // The length of the incoming headers no longer fits a body that was read and written again.
      const headers = new Headers(request.headers);
      headers.delete("content-length");
      if (body !== null) headers.set("content-type", "application/json");
      // Elysia 1.4.30 looks for the path from the eleventh character of an address on, and so misses it behind a host
      // of three letters ("http://api/v1"); behind this host it finds every path.
      const address = `http://service.internal${pathname}${search}`;
      const response = await app.handle(new Request(address, { method, headers, body }));
      return request.method === "HEAD" ? new Response(null, response) : response;
    } catch (error) {
      return errorResponse(errorOf("UNKNOWN", error));
    }
  };
}

/** The parts of a request's address. Throws 400 where its host is none. */
function addressOf(request: Request): URL {
  try {
    return new URL(request.url);
  } catch {
    throw new HttpError(400, "The host of the request is not valid");
  }
}

/** The operation that a request names. Throws 404 or 405. */
function operationFor(method: string, pathname: string): Operation {
  const there = operationsAt(pathname);
  if (there.length === 0) throw new HttpError(404, "There is nothing at this address");
  const operation = there.find((known) => known.method.toUpperCase() === method);
  if (operation) return operation;
  const allow = there.map((known) => known.method === "get" ? "GET, HEAD" : known.method.toUpperCase()).join(
    ", ",
  );
  throw new HttpError(405, `The method must be ${allow}`, { allow });
}

/** Reads and checks the body before routing, so that faults of any size and form are answered here. */
async function checkedBody(request: Request, schema: v.GenericSchema, maxBytes: number): Promise<string> {
  const text = await limitedBody(request, maxBytes);
  if (!/^application\/json\s*(?:;|$)/i.test(request.headers.get("content-type")?.trim() ?? "")) {
    throw new HttpError(415, "The body must be application/json");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new HttpError(400, "The body is not valid JSON");
  }
  try {
    parse(schema, value, "the body");
  } catch (error) {
    throw new HttpError(422, error instanceof Error ? error.message : "The body does not fit");
  }
  return text;
}

function errorOf(code: unknown, error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (code === "NOT_FOUND") return new HttpError(404, "There is nothing at this address");
  if (code === "VALIDATION" || code === "PARSE") return new HttpError(422, "The request does not fit");
  console.error(error);
  return new HttpError(500, "The service failed; the fault is in its log");
}

/** The handler that an edge worker's bindings, or else the environment, describe. */
export function handlerFor(bindings: unknown): (request: Request) => Promise<Response> {
  const durable = typeof bindings === "object" && bindings !== null && "EVALUATIONS" in bindings
    ? bindings.EVALUATIONS as DurableBinding
    : undefined;
  let settings: ServiceSettings;
  try {
    settings = readSettings(lookupIn(bindings));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    const refused = new HttpError(500, "The service is not set up: its log says which setting does not fit");
    return () => Promise.resolve(errorResponse(refused));
  }
  return createHandler({ ...settings, store: durable ? new DurableStore(durable) : new MemoryStore() });
}

let handler: ((request: Request) => Promise<Response>) | undefined;

/** The entry of `deno serve`, Bun and workerd. */
export default {
  fetch(request: Request, bindings?: unknown): Promise<Response> {
    handler ??= handlerFor(bindings);
    return handler(request);
  },
};
