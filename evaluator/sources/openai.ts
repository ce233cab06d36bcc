// Completions from any OpenAI-compatible endpoint (vLLM, llama.cpp, Ollama, LM Studio, hosted ones).
// A request either yields the whole completion or counts as a failure: half bodies, cut streams and
// time-outs are retried, never scored. Uses nothing but fetch, so it also runs on an edge worker.

import type { SampleEvent, SampleOutput, SampleRequest, Source } from "../sample.ts";
import { readCompletion } from "./openai_response.ts";
import { backoffMs, Limiter, retryAfterMs } from "./pacing.ts";

export interface OpenAiOptions {
  /** Base address, with the version: `http://127.0.0.1:8000/v1`. */
  endpoint: string;
  model: string;
  /** Sent as a bearer token; never part of an error, a journal or a result. */
  apiKey?: string | undefined;
  /** Most requests in flight; the source starts lower and adapts. */
  concurrency: number;
  /** Deadline of one request with its whole body, ms. */
  timeoutMs: number;
  /** Times a request is sent before it counts as failed. */
  attempts: number;
  stream: boolean;
  /** First pause before a retry, ms; doubles each time. */
  backoffMs?: number;
}

/** An error that retrying cannot cure: a wrong key, an unknown model, a request the server refuses. */
class RefusedError extends Error {
  override name = "RefusedError" as const;
}

/** An error worth another attempt. `overload` asks for fewer requests at a time. */
class TransientError extends Error {
  override name = "TransientError" as const;
  constructor(message: string, readonly overload: boolean, readonly waitMs: number | null = null) {
    super(message);
  }
}

export class OpenAiSource implements Source {
  readonly identity: Record<string, string>;
  readonly #options: OpenAiOptions;

  constructor(options: OpenAiOptions) {
    this.#options = options;
    this.identity = { source: "openai", endpoint: options.endpoint, model: options.model };
  }

  async *complete(requests: readonly SampleRequest[], signal: AbortSignal): AsyncIterable<SampleEvent[]> {
    const limiter = new Limiter(this.#options.concurrency);
    const finished: SampleEvent[] = [];
    let wake: () => void = () => {};
    let next = 0;
    let running = 0;
    while (next < requests.length || running > 0) {
      while (next < requests.length && running < limiter.limit && !signal.aborted) {
        const request = requests[next++] as SampleRequest;
        running++;
        void this.#attempt(request, limiter, signal).then((event) => {
          running--;
          if (event) finished.push(event);
          wake();
        });
      }
      if (finished.length > 0) yield finished.splice(0);
      else if (running > 0) await new Promise<void>((resolve) => wake = resolve);
      else if (signal.aborted) return;
    }
    if (finished.length > 0) yield finished.splice(0);
  }

  /** Sends one request until it is answered, refused or out of attempts; null when aborted. */
  async #attempt(
    request: SampleRequest,
    limiter: Limiter,
    signal: AbortSignal,
  ): Promise<SampleEvent | null> {
    let reason = "";
    for (let attempt = 1; attempt <= this.#options.attempts; attempt++) {
      if (signal.aborted) return null;
      const started = performance.now();
      try {
        const output = await this.#send(request, signal);
        limiter.succeeded();
        return { request, output: { ...output, attempts: attempt, latency_ms: performance.now() - started } };
      } catch (error) {
        if (signal.aborted) return null;
        reason = this.#redact(error instanceof Error ? error.message : String(error));
        if (error instanceof RefusedError) break;
        const transient = error instanceof TransientError ? error : null;
        if (transient?.overload ?? true) limiter.overloaded();
        if (attempt < this.#options.attempts) {
          await pause(transient?.waitMs ?? backoffMs(attempt, this.#options.backoffMs ?? 500), signal);
        }
      }
    }
    return { request, failure: reason };
  }

  async #send(
    request: SampleRequest,
    signal: AbortSignal,
  ): Promise<Omit<SampleOutput, "attempts" | "latency_ms">> {
    const { endpoint, model, apiKey, timeoutMs, stream } = this.#options;
    const chat = "messages" in request.prompt;
    const response = await fetch(`${endpoint}/${chat ? "chat/" : ""}completions`, {
      method: "POST",
      redirect: "manual", // a redirect could lead to an address that nobody allowed
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      headers: {
        "content-type": "application/json",
        ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}),
      },
      body: JSON.stringify({
        model,
        ...("messages" in request.prompt
          ? { messages: request.prompt.messages }
          : { prompt: request.prompt.text }),
        temperature: request.sampling.temperature,
        top_p: request.sampling.top_p,
        max_tokens: request.sampling.max_tokens,
        ...(request.sampling.stop.length > 0 ? { stop: request.sampling.stop } : {}),
        seed: request.seed,
        stream,
        ...(stream ? { stream_options: { include_usage: true } } : {}),
      }),
    });
    if (!response.ok) throw await this.#failureOf(response);
    const completion = await readCompletion(response, stream, chat);
    if (completion === null) throw new TransientError("the response ended before the completion did", false);
    return completion;
  }

  async #failureOf(response: Response): Promise<Error> {
    const detail = (await response.text().catch(() => "")).slice(0, 200).replaceAll(/\s+/g, " ");
    const message = `the endpoint answers ${response.status}${detail === "" ? "" : `: ${detail}`}`;
    const { status } = response;
    if (status === 408 || status === 409 || status === 425 || status === 429 || status >= 500) {
      const wait = retryAfterMs(response.headers.get("retry-after"), Date.now());
      return new TransientError(message, status === 429 || status === 503, wait);
    }
    return new RefusedError(message);
  }

  #redact(message: string): string {
    return this.#options.apiKey ? message.replaceAll(this.#options.apiKey, "[key]") : message;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
