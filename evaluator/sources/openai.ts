// Completions from any OpenAI-compatible endpoint (vLLM, llama.cpp, Ollama, LM Studio, hosted ones).
// A request either yields the whole completion or counts as a failure: half bodies, cut streams and
// time-outs are retried, never scored. Where no request has hope (a wrong key, a dead server), the source gives up
// after a few. Uses nothing but fetch, so it also runs on an edge worker.

import type { Requests, SampleRequest } from "../run/request.ts";
import { type CompletionSource, type SampleEvent, type SampleOutput, UnusableSource } from "../run/source.ts";
import { failureOf, failureOfFetch, type RequestFailure } from "./openai_failure.ts";
import { addressOf, bodyOf, headersOf, identityOf } from "./openai_request.ts";
import type { RequestStyle } from "./request_style.ts";
import { readCompletion } from "./openai_response.ts";
import { backoffMs, Limiter, pause } from "./pacing.ts";

export interface OpenAiOptions extends RequestStyle {
  /** Base address, with the version: `http://127.0.0.1:8000/v1`. */
  endpoint: string;
  model: string;
  /** Sent as a bearer token; never part of an error, a journal or a result. */
  apiKey?: string | undefined;
  /** Most requests in flight. */
  concurrency: number;
  /** Deadline of one request with its whole body, ms. */
  timeoutMs: number;
  /** Times a request is sent before it counts as failed; rejections for overload do not count. */
  attempts: number;
  stream: boolean;
  /** First pause before a retry, ms; doubles each time. */
  backoffMs?: number;
}

/** The first request goes alone for so long: where it is refused, the others are not sent. */
const ALONE_MS = 200;
/** Failed attempts in a row after which a server that never answered is given up. */
const FIRST_CONTACT = 6;
/** Refusals for key, quota or address in a row after which a server is given up that had answered before. */
const ACCOUNT = 3;
/** Requests that failed for good in a row after which a server is given up. */
const IN_VAIN = 8;
/** Longest time through which one request is put off because of overload, and by a server that never answered. */
const OVERLOAD_MS = 15 * 60_000;
const LOADING_MS = 2 * 60_000;

export class OpenAiSource implements CompletionSource {
  readonly identity: Record<string, string>;
  readonly #options: OpenAiOptions;

  constructor(options: OpenAiOptions) {
    this.#options = options;
    const { endpoint, model } = options;
    this.identity = { source: "openai", endpoint, model, ...identityOf(options) };
  }

  async *complete(requests: Requests, signal: AbortSignal): AsyncIterable<SampleEvent[]> {
    const finished: SampleEvent[] = [];
    let wake: () => void = () => {};
    const session = new Session(this.#options, signal, () => wake());
    let running = 0;
    let exhausted = false;
    const iterator = Symbol.asyncIterator in requests
      ? requests[Symbol.asyncIterator]()
      : requests[Symbol.iterator]();
    try {
      while (!exhausted || running > 0) {
        while (!exhausted && running < session.limiter.limit && !session.ended) {
          const { value, done } = await iterator.next();
          if (done) {
            exhausted = true;
            break;
          }
          running++;
          void session.complete(value).then((event) => {
            running--;
            if (event) finished.push(event);
            wake();
          });
        }
        if (finished.length > 0) yield finished.splice(0);
        else if (running > 0) await new Promise<void>((resolve) => wake = resolve);
        else if (session.ended) break;
      }
      if (finished.length > 0) yield finished.splice(0);
      if (session.givenUp !== null) throw new UnusableSource(session.givenUp);
    } finally {
      session.end();
      await iterator.return?.();
    }
  }
}

/** One run against an endpoint: the turns, and what is known of the server by now. */
class Session {
  readonly limiter: Limiter;
  readonly #options: OpenAiOptions;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  #answered = false;
  /** Failed attempts, refusals for the account, and requests failed for good since the last answer. */
  #failures = 0;
  #refusals = 0;
  #lostRequests = 0;
  #alone: ReturnType<typeof setTimeout> | undefined;
  readonly #onOpen: () => void;
  /** Why no more requests are sent. */
  givenUp: string | null = null;

  constructor(options: OpenAiOptions, signal: AbortSignal, onOpen: () => void) {
    this.#options = options;
    this.#onOpen = onOpen;
    this.limiter = new Limiter(options.concurrency);
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
  }

  get ended(): boolean {
    return this.#signal.aborted;
  }

  end(): void {
    clearTimeout(this.#alone);
    this.#stop.abort();
  }

  /** Sends one request until it is answered, refused or out of attempts; null when the session ended. */
  async complete(request: SampleRequest): Promise<SampleEvent | null> {
    this.#alone ??= setTimeout(() => (this.limiter.open(), this.#onOpen()), ALONE_MS);
    const begun = performance.now();
    for (let attempt = 1, sent = 1;; sent++) {
      await this.limiter.acquire();
      if (this.ended) return this.limiter.release(), null;
      const started = performance.now();
      let failure: RequestFailure;
      try {
        const output = await this.#send(request);
        this.#succeeded();
        return { request, output: { ...output, attempts: sent, latency_ms: performance.now() - started } };
      } catch (error) {
        if (this.ended) return null;
        failure = failureOfFetch(error, this.#options.endpoint, this.#options.timeoutMs);
        this.#failed(failure);
      } finally {
        this.limiter.release();
      }
      const patience = this.#answered ? OVERLOAD_MS : LOADING_MS;
      const again = failure.kind === "overload" && performance.now() - begun < patience;
      const reason = this.#redact(failure.message);
      if (
        failure.kind === "refused" || failure.kind === "account" ||
        (!again && attempt >= this.#options.attempts)
      ) {
        if (++this.#lostRequests >= IN_VAIN) this.#giveUp(`${reason} (the last ${IN_VAIN} requests failed)`);
        return { request, failure: reason };
      }
      if (!again) attempt++;
      await pause(
        failure.waitMs ?? backoffMs(Math.min(sent, 8), this.#options.backoffMs ?? 500),
        this.#signal,
      );
      if (this.ended) return null;
    }
  }

  async #send(request: SampleRequest): Promise<Omit<SampleOutput, "attempts" | "latency_ms">> {
    const { endpoint, model, apiKey, timeoutMs, stream } = this.#options;
    const response = await fetch(addressOf(endpoint, model, request, this.#options), {
      method: "POST",
      redirect: "manual", // a redirect could lead to an address that nobody allowed
      signal: AbortSignal.any([this.#signal, AbortSignal.timeout(timeoutMs)]),
      headers: headersOf(apiKey, this.#options),
      body: JSON.stringify(bodyOf(request, model, stream, this.#options)),
    });
    if (!response.ok) throw await failureOf(response);
    return await readCompletion(response);
  }

  #succeeded(): void {
    this.limiter.succeeded();
    this.#answered = true;
    this.#failures = this.#refusals = this.#lostRequests = 0;
  }

  #failed(failure: RequestFailure): void {
    const { kind } = failure;
    if (kind === "overload" || kind === "slow" || kind === "lost") this.limiter.overloaded(kind === "lost");
    else this.limiter.open();
    if (kind !== "overload") this.#failures++;
    if (failure.kind === "account") this.#refusals++;
    const hopeless = failure.kind === "account" && (!this.#answered || this.#refusals >= ACCOUNT);
    if (hopeless || (!this.#answered && this.#failures >= FIRST_CONTACT)) {
      this.#giveUp(this.#redact(failure.message));
    }
  }

  #giveUp(reason: string): void {
    this.givenUp ??= reason;
    this.end();
  }

  #redact(message: string): string {
    return this.#options.apiKey ? message.replaceAll(this.#options.apiKey, "[key]") : message;
  }
}
