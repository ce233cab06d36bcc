// A checkpoint as an OpenAI-compatible server: GET /v1/models, POST /v1/chat/completions and /v1/completions, whole or
// streamed. One fetch handler.

import { messageOf } from "#shared/text/format.ts";
import { Elysia } from "elysia";
import type * as v from "valibot";
import { LOOPBACK, sameSecret } from "#shared/http/callers.ts";
import { parse } from "#shared/schemas/parse.ts";
import type { OpenModel } from "../library/open_model.ts";
import { answer, type Answered } from "./answering.ts";
import { Batches } from "./batches.ts";
import { ChatSchema, TextSchema, type Wanted, wantedOfChat, wantedOfText } from "./requests.ts";
import { streamed, usageOf, wholeAnswer } from "./responses.ts";

export interface ServedModel {
  model: OpenModel;
  /** The name under which it is listed. */
  name: string;
  /** What callers must send as Bearer token; null: this machine only. */
  token: string | null;
}

/** The fetch handler. */
export function createServer({ model, name, token }: ServedModel): (request: Request) => Promise<Response> {
  const batches = new Batches(model);
  const created = Math.floor(Date.now() / 1000);
  const complete = async (wanted: Wanted, signal: AbortSignal): Promise<Response> => {
    const facts = {
      id: `${wanted.kind === "chat" ? "chatcmpl" : "cmpl"}-${crypto.randomUUID()}`,
      model: name,
    };
    if (wanted.stream) {
      return streamed(
        wanted,
        facts,
        signal,
        (signal, onText) => answer(model, batches, wanted, signal, onText),
      );
    }
    const answered: Answered = await answer(model, batches, wanted, signal);
    return Response.json({ ...wholeAnswer(wanted, facts, answered.choices), usage: usageOf(answered) });
  };
  const app = new Elysia()
    .onError(({ code, error }) => {
      if (code === "NOT_FOUND") return failure(404, "There is nothing at this address");
      if (code === "PARSE") return failure(400, "The body is not valid JSON");
      const isAsked = error instanceof RangeError || error instanceof TypeError ||
        error instanceof SyntaxError;
      return failure(isAsked ? 400 : 500, messageOf(error));
    })
    .get(
      "/v1/models",
      () => ({ object: "list", data: [{ id: name, object: "model", created, owned_by: "ghpo" }] }),
    )
    .post(
      "/v1/chat/completions",
      ({ body, request }) => complete(wantedOfChat(read(ChatSchema, body)), request.signal),
    )
    .post(
      "/v1/completions",
      ({ body, request }) => complete(wantedOfText(read(TextSchema, body)), request.signal),
    );
  return async (request) => {
    const host = request.headers.get("host") ?? new URL(request.url).host;
    if (token === null && !LOOPBACK.test(host)) {
      return failure(403, "Without a token, only requests from this machine are answered");
    }
    const given = /^bearer +(\S.*)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    if (token !== null && !await sameSecret(given, token)) {
      return failure(401, "The token is missing or wrong");
    }
    return await app.handle(request);
  };
}

function read<const S extends v.GenericSchema>(schema: S, body: unknown): v.InferOutput<S> {
  return parse(schema, body, "the request");
}

/** An error as OpenAI's clients read it. */
function failure(status: number, message: string): Response {
  const type = status < 500 ? "invalid_request_error" : "server_error";
  return Response.json({ error: { message, type, param: null, code: null } }, { status });
}
