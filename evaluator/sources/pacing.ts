// How fast an endpoint is asked: how many requests at a time, and how long to wait before a retry.

/**
 * Additive increase, multiplicative decrease: one more request in flight after `limit` successes in a row,
 * half as many when the server says it is overloaded. Many rejections at once count as one.
 */
export class Limiter {
  readonly #most: number;
  #limit: number;
  #successes = 0;
  /** Outcomes still to come of requests that were sent before the last decrease. */
  #stale = 0;

  constructor(most: number) {
    this.#most = most;
    this.#limit = Math.min(4, most);
  }

  /** Requests that may be in flight now. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  succeeded(): void {
    if (this.#stale > 0) this.#stale--;
    if (++this.#successes < this.limit) return;
    this.#successes = 0;
    this.#limit = Math.min(this.#most, this.#limit + 1);
  }

  overloaded(): void {
    // Requests sent before the last decrease fail together; they say nothing about the new limit.
    if (this.#stale > 0) {
      this.#stale--;
      return;
    }
    this.#stale = this.limit - 1;
    this.#successes = 0;
    this.#limit = Math.max(1, this.#limit / 2);
  }
}

/** Exponential backoff with full jitter: uniform in [0, first * 2^(attempt-1)], at most 30 s. */
export function backoffMs(attempt: number, first: number): number {
  return Math.random() * Math.min(30_000, first * 2 ** (attempt - 1));
}

/** Waiting time of a Retry-After header (seconds or an HTTP date), at most 5 minutes; null if unusable. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  const seconds = /^\d+(\.\d+)?$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 300_000) : null;
}
