// Why a request to an endpoint failed, in the server's own words where it has any, and what that means for the
// requests after it.

import { messageOf } from "#shared/text/format.ts";
import { retryAfterMs } from "./pacing.ts";

/**
 * What a failure means. `account`: no request will be answered (key, quota, address). `refused`: this request will
 * not be. `overload`: later, with fewer at a time. `slow`: no answer in time. `lost`: there is no connection.
 * `broken`: another attempt may bring a whole answer.
 */
export type FailureKind = "account" | "refused" | "overload" | "slow" | "lost" | "broken";

export class RequestFailure extends Error {
  override name = "RequestFailure" as const;
  constructor(
    readonly kind: FailureKind,
    message: string,
    /** How long the server asks to wait, ms. */
    readonly waitMs: number | null = null,
  ) {
    super(message);
  }
}

/** The failure that a response with an error status is. */
export async function failureOf(response: Response): Promise<RequestFailure> {
  const { status } = response;
  const text = await response.text().catch(() => "");
  const said = saidBy(text);
  const message = `the endpoint answers ${status}${said === "" ? "" : `: ${said}`}`;
  const location = response.headers.get("location");
  if (status >= 300 && status < 400) {
    return new RequestFailure(
      "account",
      `${message}${location ? `, redirecting to ${location}` : ""}; pass the address itself`,
    );
  }
  const kind = kindOf(status, text);
  const wait = kind === "overload" || kind === "broken"
    ? retryAfterMs(response.headers.get("retry-after"), Date.now())
    : null;
  return new RequestFailure(kind, `${message}${adviceFor(status)}`, wait);
}

/** The failure that an error object inside a body or a stream is; null when the value says no error. */
export function failureInBody(body: unknown): RequestFailure | null {
  if (typeof body !== "object" || body === null) return null;
  const { error, object, message, detail } = body as Record<string, unknown>;
  // {"error": ...} of most servers, {"object": "error"} of older vLLMs, {"detail": ...} of FastAPI.
  const said = error ?? (object === "error" ? message : "choices" in body ? undefined : detail);
  if (said === undefined || said === null || said === false) return null;
  const { code, status, type } = typeof said === "object" ? said as Record<string, unknown> : {};
  const number = [code, status, (body as Record<string, unknown>)["code"]].map(Number).find((n) =>
    n >= 400 && n < 600
  );
  const text = JSON.stringify(said);
  const kind = number !== undefined
    ? kindOf(number, text)
    : /overload|rate.?limit|too many|unavailable/i.test(`${type} ${text}`)
    ? "overload"
    : /quota|billing|api.?key/i.test(text)
    ? "account"
    : "broken";
  return new RequestFailure(kind, `the endpoint answers with an error: ${shorten(wordsOf(said))}`);
}

/** A failed `fetch`: a time-out, a lost connection, or a body that broke off. */
export function failureOfFetch(error: unknown, endpoint: string, timeoutMs: number): RequestFailure {
  if (error instanceof RequestFailure) return error;
  const reason = messageOf(error);
  if (error instanceof Error && error.name === "TimeoutError") {
    return new RequestFailure(
      "slow",
      `no answer within ${
        timeoutMs / 1000
      } s, though the server is there: raise --timeout, or lower --concurrency or --max-tokens`,
    );
  }
  const cause = `${reason} ${error instanceof Error ? error.cause ?? "" : ""}`;
  const connect =
    /refused|ECONNREFUSED|Unable to connect|dns|ENOTFOUND|lookup|not known|unreachable|timed out|certificate|tls/i
      .exec(cause)?.[0];
  if (connect !== undefined) {
    const host = URL.canParse(endpoint) ? new URL(endpoint).host : endpoint;
    const why = /dns|ENOTFOUND|lookup|not known/i.test(connect)
      ? "its name is not known"
      : /certificate|tls/i.test(connect)
      ? "its certificate is not accepted"
      : /unreachable/i.test(connect)
      ? "the network is unreachable"
      : /timed out/i.test(connect)
      ? "the connection times out"
      : "the connection is refused";
    return new RequestFailure("lost", `nothing answers at ${host}: ${why}; is the server running?`);
  }
  return new RequestFailure(
    "broken",
    `the connection broke off: ${shorten(reason.replace(/ for url \([^)]*\)/, ""))}`,
  );
}

function kindOf(status: number, text: string): FailureKind {
  if (status === 402 || /insufficient_quota|exceeded your current quota|billing/i.test(text)) {
    return "account";
  }
  if (status === 401 || status === 403 || status === 404 || status === 405) return "account";
  if (status === 429 || status === 503 || status === 529) return "overload";
  if (status === 408 || status === 409 || status === 425 || status >= 500) return "broken";
  return "refused";
}

function adviceFor(status: number): string {
  if (status === 401) return "; the key comes from OPENAI_API_KEY";
  if (status === 404) return "; check --endpoint (it usually ends in /v1) and --model";
  return "";
}

/** What a body says, in at most 300 characters: an error's message, a page's title, or its beginning. */
export function saidBy(text: string): string {
  try {
    const body = JSON.parse(text);
    return shorten(wordsOf(body?.error ?? body?.message ?? body?.detail ?? body));
  } catch {
    const title = /<title>([^<]*)<\/title>/i.exec(text)?.[1];
    if (title !== undefined) return `a web page, "${shorten(title)}"`;
    return /^\s*</.test(text) ? `a web page: ${shorten(text.replaceAll(/<[^>]*>/g, " "))}` : shorten(text);
  }
}

function wordsOf(said: unknown): string {
  if (typeof said === "string") return said;
  const { message } = typeof said === "object" && said !== null ? said as { message?: unknown } : {};
  return typeof message === "string" ? message : JSON.stringify(said) ?? "";
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= 300 ? line : `${line.slice(0, 297)}...`;
}
