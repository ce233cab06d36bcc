// The evaluator as a web service: one fetch handler that runs unchanged under Deno, Bun and workerd.
// It verifies, scores, and evaluates what is on an allow-list. It loads no GPU and no file system: where
// checkpoints are served (Deno and Bun), `serve` hands in the function that opens them.

import { messageOf } from "#shared/text/format.ts";
import type * as v from "valibot";
import { parse } from "#shared/schemas/parse.ts";
import { errorResponse, HttpError } from "#shared/http/http_error.ts";
import { limitedBody } from "#shared/http/limited_body.ts";
import { authorize, RateLimiter } from "./app/guard.ts";
import { type Operation, operationsAt } from "./app/operations.ts";
import { routes, type Settings } from "./app/routes.ts";
import { lookupIn, readSettings, type ServiceSettings } from "./app/settings.ts";
import { requireModestJson } from "./app/json_shape.ts";
import { MAX_LIST } from "./app/schemas.ts";
import { type DurableBinding, DurableStore, MemoryStore } from "./app/store.ts";
import { yieldToRequests } from "./app/yielding.ts";

export { EvaluationStore } from "./app/store.ts";

/** Bodies of more characters are read in several turns. */
const LARGE_BODY = 50_000;

/** Builds the service's fetch handler. */
export function createHandler(settings: Settings): (request: Request) => Promise<Response> {
  const limiter = new RateLimiter(settings.requestsPerMinute);
  // The routes get the checked value itself: a large body is decoded, parsed and checked once.
  const bodies = new WeakMap<Request, unknown>();
  const app = routes(settings, (request) => bodies.get(request)).onError(({ code, error }) =>
    errorResponse(errorOf(code, error))
  );
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
      // Elysia 1.4.30 looks for the path from the twelfth character of an address on, and so misses it behind a host
      // of three letters ("http://api/v1"); behind this host it finds every path.
      const address = `http://service.internal${pathname}${search}`;
      // Elysia looks for the body of a request only where it has one.
      const inner = new Request(address, { method, headers, body: body === null ? null : "{}" });
      if (body !== null) bodies.set(inner, body);
      const response = await app.handle(inner);
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
async function checkedBody(request: Request, schema: v.GenericSchema, maxBytes: number): Promise<unknown> {
  const text = await limitedBody(request, maxBytes);
  if (!/^application\/json\s*(?:;|$)/i.test(request.headers.get("content-type")?.trim() ?? "")) {
    throw new HttpError(415, "The body must be application/json");
  }
  // Each step is one turn of the event loop; others have theirs in between.
  const rest = async (): Promise<void> => {
    if (text.length > LARGE_BODY) await yieldToRequests();
  };
  await rest();
  requireModestJson(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new HttpError(400, "The body is not valid JSON");
  }
  await rest();
  refuseLongLists(value);
  try {
    value = parse(schema, value, "the body");
  } catch (error) {
    throw new HttpError(422, error instanceof Error ? error.message : "The body does not fit");
  }
  await rest();
  return value;
}

/** A schema looks at every entry of a list before it counts them, so the count comes first. */
function refuseLongLists(body: unknown): void {
  if (typeof body !== "object" || body === null) return;
  for (const [key, list] of Object.entries(body)) {
    if (!Array.isArray(list) || list.length <= MAX_LIST) continue;
    throw new HttpError(
      422,
      `${key.slice(0, 100)} must have at most ${MAX_LIST} entries: current value has ${list.length}`,
    );
  }
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
    console.error(messageOf(error));
    const refused = new HttpError(500, "The service is not set up: its log says which setting does not fit");
    return () => Promise.resolve(errorResponse(refused));
  }
  return createHandler({ ...settings, store: durable ? new DurableStore(durable) : new MemoryStore() });
}

let handler: ((request: Request) => Promise<Response>) | undefined;

/** The entry of `deno serve`, Bun and workerd. */
const service: { fetch(request: Request, bindings?: unknown): Promise<Response> } = {
  fetch(request: Request, bindings?: unknown): Promise<Response> {
    handler ??= handlerFor(bindings);
    return handler(request);
  },
};

export default service;
