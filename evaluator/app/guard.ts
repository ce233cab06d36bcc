// What stands between the network and the handlers: who may call, how often, how much, and which endpoints
// the service itself may be sent to.

import { HttpProblem } from "./problem.ts";

/** Compares a bearer token in time that does not depend on where the two differ. */
export async function isAuthorized(header: string | null, token: string): Promise<boolean> {
  const given = /^Bearer (.+)$/.exec(header ?? "")?.[1] ?? "";
  const [a, b] = await Promise.all([digest(given), digest(token)]);
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** Reads a body of at most `limit` bytes, whether or not it states its length. Throws 413 beyond. */
export async function limitedBody(request: Request, limit: number): Promise<string> {
  const refuse = () => new HttpProblem(413, `The body must have at most ${limit} bytes`);
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

/** A token bucket per caller, in the memory of this isolate: a brake on mistakes, not a security control. */
export class RateLimiter {
  readonly #perMinute: number;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Takes one token. Throws 429 with the seconds to wait when there is none. */
  take(caller: string, now = Date.now()): void {
    const bucket = this.#buckets.get(caller) ?? { tokens: this.#perMinute, at: now };
    bucket.tokens = Math.min(this.#perMinute, bucket.tokens + (now - bucket.at) / 60_000 * this.#perMinute);
    bucket.at = now;
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size > 10_000) this.#buckets.delete(this.#buckets.keys().next().value as string);
    if (bucket.tokens < 1) {
      const wait = Math.ceil((1 - bucket.tokens) / this.#perMinute * 60);
      throw new HttpProblem(429, `At most ${this.#perMinute} requests a minute are served`, {
        "retry-after": String(wait),
      });
    }
    bucket.tokens--;
  }
}

/**
 * The endpoint's normalised address if it is on the allow-list, whose entries are address prefixes such as
 * `https://api.example.com/v1`. Throws 403 otherwise: the service never calls an address of the caller's choice.
 */
export function allowedEndpoint(address: string, allowed: readonly string[]): string {
  const url = new URL(address);
  const path = url.pathname.replace(/\/+$/, "");
  const plain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  const listed = allowed.some((entry) => {
    const known = new URL(entry);
    const prefix = known.pathname.replace(/\/+$/, "");
    return url.origin === known.origin && (path === prefix || path.startsWith(`${prefix}/`));
  });
  if (!plain || !listed || !/^https?:$/.test(url.protocol)) {
    throw new HttpProblem(403, "The endpoint is not on this service's list of allowed endpoints");
  }
  return url.origin + path;
}

/** The answer to a checkpoint that is not on the allow-list. */
export function refuseCheckpoint(): never {
  throw new HttpProblem(403, "The checkpoint is not on this service's list of allowed checkpoints");
}
