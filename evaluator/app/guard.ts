// What stands between the network and the handlers: who may call, how often, and which endpoints the service itself may
// be sent to.

import { HttpError } from "#shared/http/http_error.ts";
import { sameSecret } from "#shared/http/callers.ts";
import type { Access, AllowedEndpoint } from "./settings.ts";

/** Longer headers are not even hashed. */
const MAX_HEADER = 4096;

/** Throws 401 unless the header carries the token. */
export async function authorize(header: string | null, access: Access): Promise<void> {
  if (access === "open") return;
  const challenge = { "www-authenticate": "Bearer" };
  if (access === "closed") {
    throw new HttpError(401, "The service is closed as it has no token: its owner must set one", challenge);
  }
  const given = header !== null && header.length <= MAX_HEADER
    ? /^bearer +(\S.*)$/i.exec(header)?.[1]
    : undefined;
  if (!await sameSecret(given ?? "", access.token)) {
    throw new HttpError(401, "The bearer token is missing or wrong", challenge);
  }
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
