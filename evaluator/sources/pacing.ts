// How fast an endpoint is asked: how many requests at a time, and how long to wait before a retry.

/**
 * Turns for requests in flight. Starts at what was asked (one until the server has been heard of), halves when the
 * server says that it is overloaded, grows by one after as many successes as there are turns. A lost connection
 * takes it back to one, from where it doubles a round up to half of what it was (slow start). Many rejections at
 * once count as one.
 */
export class Limiter {
  readonly #most: number;
  #limit = 1;
  /** Below it the limit doubles a round, above it grows by one. */
  #threshold: number;
  #opened = false;
  #inFlight = 0;
  /** Outcomes still to come of requests that were sent before the last decrease. */
  #stale = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
    this.#threshold = most;
  }

  /** Requests that may be in flight now. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** Ends the time in which one request alone finds out whether the server answers. */
  open(): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#limit = this.#most;
    this.#wake();
  }

  /** Waits for a turn; those that wait for longest come first. */
  async acquire(): Promise<void> {
    if (this.#inFlight < this.limit) {
      this.#inFlight++;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve)); // whoever wakes it counts it
  }

  /** Gives the turn back, without a word on how the request went. */
  release(): void {
    this.#inFlight--;
    this.#wake();
  }

  succeeded(): void {
    this.open();
    if (this.#stale > 0) this.#stale--;
    this.#limit = Math.min(this.#most, this.#limit + (this.#limit < this.#threshold ? 1 : 1 / this.limit));
    this.#wake();
  }

  /** The server is overloaded, or with `lost` cannot be reached at all. */
  overloaded(lost = false): void {
    this.open();
    // Requests sent before the last decrease fail together; they say nothing about the new limit.
    if (this.#stale > 0) {
      this.#stale--;
      return;
    }
    this.#stale = Math.max(0, this.#inFlight - 1);
    this.#threshold = Math.max(1, this.#limit / 2);
    this.#limit = lost ? 1 : this.#threshold;
  }

  #wake(): void {
    while (this.#inFlight < this.limit && this.#waiting.length > 0) {
      this.#inFlight++;
      this.#waiting.shift()?.();
    }
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

/** Waits; an abort ends it early. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
