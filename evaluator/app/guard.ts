// What stands between the network and the handlers: who may call, how often, how much, and which endpoints
// the service itself may be sent to.

import { HttpError } from "./http_error.ts";
import type { Access, AllowedEndpoint } from "./settings.ts";

/** Longer headers are not even hashed. */
const MAX_HEADER = 4096;

/** Throws 401 unless the header carries the token, compared in time that does not depend on where the two differ. */
export async function authorize(header: string | null, access: Access): Promise<void> {
  if (access === "open") return;
  const challenge = { "www-authenticate": "Bearer" };
  if (access === "closed") {
    throw new HttpError(401, "The service is closed as it has no token: its owner must set one", challenge);
  }
  const given = header !== null && header.length <= MAX_HEADER
    ? /^bearer +(\S.*)$/i.exec(header)?.[1]
    : undefined;
  const [a, b] = await Promise.all([digest(given ?? ""), digest(access.token)]);
  let difference = given === undefined ? 1 : 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  if (difference !== 0) throw new HttpError(401, "The bearer token is missing or wrong", challenge);
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** Reads a body of at most `limit` bytes, whether or not it states its length. Throws 413 beyond. */
export async function limitedBody(request: Request, limit: number): Promise<string> {
  const refuse = () => new HttpError(413, `The body must have at most ${limit} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw refuse();
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > limit) throw refuse();
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/**
 * A token bucket in the memory of this isolate. It counts callers that were let in, who share one token and so one
 * bucket: a brake on mistakes, not a security control, and always as small as it is now.
 */
export class RateLimiter {
  readonly #perMinute: number;
  #tokens: number;
  #at: number | null = null;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
    this.#tokens = perMinute;
  }

  /** Takes one token. Throws 429 with the seconds to wait when there is none. */
  take(now = Date.now()): void {
    const passed = now - (this.#at ?? now);
    this.#tokens = Math.min(this.#perMinute, this.#tokens + passed / 60_000 * this.#perMinute);
    this.#at = now;
    if (this.#tokens < 1) {
      const wait = Math.ceil((1 - this.#tokens) / this.#perMinute * 60);
      throw new HttpError(429, `At most ${this.#perMinute} requests a minute are served`, {
        "retry-after": String(wait),
      });
    }
    this.#tokens--;
  }
}

/**
 * The endpoint's normalised address if it is on the allow-list of address prefixes. Throws 403 otherwise: the service
 * never calls an address of the caller's choice.
 */
export function allowedEndpoint(address: string, allowed: readonly AllowedEndpoint[]): string {
  const url = new URL(address);
  const path = url.pathname.replace(/\/+$/, "");
  const plain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  const listed = allowed.some((known) =>
    url.origin === known.origin && (path === known.path || path.startsWith(`${known.path}/`))
  );
  if (!plain || !listed) {
    throw new HttpError(403, "The endpoint is not on this service's list of allowed endpoints");
  }
  return url.origin + path;
}

/** The answer to a checkpoint that is not on the allow-list. */
export function refuseCheckpoint(): never {
  throw new HttpError(403, "The checkpoint is not on this service's list of allowed checkpoints");
}
