// Who may talk to the dashboard. Without a token: this machine only, and only pages that the dashboard itself served
// (a foreign page in the same browser has another Origin, a rebound name another Host). With a token: anyone who has it,
// as a Bearer header or as the cookie that the address with ?token= sets.

import { LOOPBACK, sameSecret } from "#shared/http/callers.ts";
import { HttpError } from "#shared/http/http_error.ts";
import { limitedBody } from "#shared/http/limited_body.ts";

const MAX_BODY_BYTES = 16 << 10;

/** Throws 401 or 403 unless the request may proceed. */
export async function checkCaller(request: Request, token: string | null): Promise<void> {
  const host = hostOf(request);
  if (token === null) {
    if (!LOOPBACK.test(host)) {
      throw new HttpError(403, "Without a token, only requests from this machine are answered");
    }
  } else if (!await sameSecret(givenToken(request), token)) {
    throw new HttpError(401, "The token is missing or wrong: open the address that the dashboard printed");
  }
  if (request.method === "GET" || request.method === "HEAD") return;
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  const foreign = origin !== null && URL.parse(origin)?.host !== host; // "null": a page without an address
  if (foreign || (site !== null && site !== "same-origin")) {
    throw new HttpError(403, "Only the dashboard's own page may change a run");
  }
  // A form of a foreign page cannot set it, and a script of one would have to ask first.
  if (request.headers.get("x-ghpo") === null) throw new HttpError(403, "The header x-ghpo is missing");
  if (!/^application\/json\b/.test(request.headers.get("content-type") ?? "")) {
    throw new HttpError(415, "The body must be application/json");
  }
}

/** For the address with ?token=: sets the cookie and drops the token from the address; null for any other. */
export async function tokenRedirect(request: Request, token: string | null): Promise<Response | null> {
  const url = new URL(request.url);
  const given = url.searchParams.get("token");
  if (token === null || given === null || !await sameSecret(given, token)) return null;
  return new Response(null, {
    status: 303,
    headers: {
      location: "/",
      "set-cookie": `${cookieName(request)}=${encodeURIComponent(given)}; HttpOnly; SameSite=Strict; Path=/`,
    },
  });
}

/** As the browser spells it, whatever port that is forwarded to. */
function hostOf(request: Request): string {
  return request.headers.get("host") ?? new URL(request.url).host;
}

/** Cookies belong to a host, whatever the port: two dashboards on one host have two names. */
function cookieName(request: Request): string {
  return `ghpo_token_${/:(\d+)$/.exec(hostOf(request))?.[1] ?? "web"}`;
}

function givenToken(request: Request): string {
  const bearer = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
  const cookie = new RegExp(`(?:^|; )${cookieName(request)}=([^;]*)`).exec(
    request.headers.get("cookie") ?? "",
  )?.[1];
  try {
    return bearer ?? decodeURIComponent(cookie ?? "");
  } catch {
    return "";
  }
}

/** Reads a JSON body of at most 16 KiB, whether or not it states its length. */
export async function jsonBody(request: Request): Promise<unknown> {
  const text = await limitedBody(request, MAX_BODY_BYTES);
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, "The body is not valid JSON");
  }
}
