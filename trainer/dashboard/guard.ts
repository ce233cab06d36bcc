// Who may talk to the dashboard. Without a token: this machine only, and only pages that the dashboard itself served
// (a foreign page in the same browser has another Origin, a rebound name another Host). With a token: anyone who has it,
// as a Bearer header or as the cookie that the address with ?token= sets.

import { createHash, timingSafeEqual } from "node:crypto";
import { HttpProblem } from "./problem.ts";

const MAX_BODY_BYTES = 16 << 10;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/;

/** Throws 401 or 403 unless the request may proceed. */
export function checkCaller(request: Request, token: string | null): void {
  const host = hostOf(request);
  if (token === null) {
    if (!LOOPBACK.test(host)) throw new HttpProblem(403, "Without a token only this machine is answered");
  } else if (!sameSecret(givenToken(request), token)) {
    throw new HttpProblem(401, "The token is missing or wrong: open the address that the dashboard printed");
  }
  if (request.method === "GET" || request.method === "HEAD") return;
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  const foreign = origin !== null && URL.parse(origin)?.host !== host; // "null": a page without an address
  if (foreign || (site !== null && site !== "same-origin")) {
    throw new HttpProblem(403, "Only the dashboard's own page may change a run");
  }
  // A form of a foreign page cannot set it, and a script of one would have to ask first.
  if (request.headers.get("x-ghpo") === null) throw new HttpProblem(403, "The header x-ghpo is missing");
  if (!/^application\/json\b/.test(request.headers.get("content-type") ?? "")) {
    throw new HttpProblem(415, "The body must be application/json");
  }
}

/** For the address with ?token=: sets the cookie and drops the token from the address; null for any other. */
export function tokenRedirect(request: Request, token: string | null): Response | null {
  const url = new URL(request.url);
  const given = url.searchParams.get("token");
  if (token === null || given === null || !sameSecret(given, token)) return null;
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

/** Compares in time that depends neither on where the two differ nor on their lengths. */
function sameSecret(given: string, secret: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}

/** Reads a JSON body of at most 16 KiB, whether or not it states its length. */
export async function jsonBody(request: Request): Promise<unknown> {
  const refuse = () => new HttpProblem(413, `The body must have at most ${MAX_BODY_BYTES} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY_BYTES) throw refuse();
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BODY_BYTES) throw refuse();
    text += decoder.decode(chunk, { stream: true });
  }
  try {
    return JSON.parse(text + decoder.decode());
  } catch {
    throw new HttpProblem(400, "The body is not valid JSON");
  }
}
