// What answers: an OpenAI-compatible endpoint, a function, or completions that are already there.

import type { Requests, SampleRequest } from "../run/request.ts";
import { type CompletionSource, type SampleEvent, type SampleOutput } from "../run/source.ts";
import { OpenAiSource } from "../sources/openai.ts";
import type { RequestStyle } from "../sources/request_style.ts";
import type { Prompt, Sampling } from "#shared/tasks/sampling.ts";
import { messageOf } from "#shared/text/format.ts";
import { requireSettings } from "./benchmarks.ts";
import type { Task } from "#shared/tasks/task.ts";

/** An OpenAI-compatible server. */
export interface Endpoint extends RequestStyle {
  /** Base address, with the version: `http://127.0.0.1:8000/v1`. */
  endpoint: string;
  model: string;
  /** Sent as a bearer token; never part of an error or a result. */
  apiKey?: string;
  /** Most requests in flight (default 16). */
  concurrency?: number;
  /** Deadline of one request, ms (default 600,000). */
  timeoutMs?: number;
  /** Times a request is sent before it counts as failed (default 6). */
  attempts?: number;
  stream?: boolean;
}

/** One request to a function. */
export interface Question {
  benchmark: string;
  problemId: string;
  /** 0 .. samples-1. */
  sample: number;
  prompt: Prompt;
  sampling: Sampling;
  /** Differs between problems and samples, the same in every run. */
  seed: number;
  signal: AbortSignal;
}

/** An answer: its text, or that with what is known besides. */
export type Answer = string | {
  text: string;
  reasoning?: string;
  /** `length`: cut off by the token limit. */
  finish_reason?: "stop" | "length" | null;
  tokens?: number | null;
};

/** A model behind a function. What it throws leaves the sample missing, not wrong. */
export interface Answering {
  answer: (question: Question) => Answer | Promise<Answer>;
  /** Name in the result; samples of one name are not taken for those of another (default `function`). */
  model?: string;
  /** Most calls at a time (default 16). */
  concurrency?: number;
}

/** One completion that is already there. */
export interface GivenCompletion {
  problem_id: string;
  completion: string;
  /** Needed where several benchmarks have problems of the same id. */
  benchmark?: string;
  /** 0 .. k-1; default: in the order of the list. */
  sample?: number;
  finish_reason?: "stop" | "length" | null;
}

/** Completions that are already there; samples that are not in the list are missing. */
export interface Completions {
  completions: Iterable<GivenCompletion>;
  model?: string;
}

export type SourceInput = Endpoint | Answering | Completions;

const ENDPOINT = [
  ...["endpoint", "model", "apiKey", "concurrency", "timeoutMs", "attempts", "stream"],
  ...["omit", "extraBody", "headers", "maxCompletionTokens", "azureApiVersion"],
];
const FUNCTION = ["answer", "model", "concurrency"];
const COMPLETIONS = ["completions", "model"];

/** The source, with its name and kind in the result. @internal */
export function openSource(input: SourceInput, tasks: readonly Task[]) {
  requireSettings(
    input,
    "endpoint" in input ? ENDPOINT : "answer" in input ? FUNCTION : COMPLETIONS,
    "the source",
  );
  if ("endpoint" in input) {
    const { endpoint, model, apiKey, concurrency = 16, timeoutMs = 600_000, attempts = 6, stream = false } =
      input;
    const { omit, extraBody, headers, maxCompletionTokens, azureApiVersion } = input;
    if (!URL.canParse(endpoint)) {
      throw new TypeError(
        `Cannot evaluate as endpoint must be an address such as http://127.0.0.1:8000/v1: current value is ${endpoint}`,
      );
    }
    const source = new OpenAiSource({
      ...{ endpoint: endpoint.replace(/\/+$/, ""), model, apiKey, concurrency, timeoutMs, attempts, stream },
      ...(omit === undefined ? {} : { omit }),
      ...(extraBody === undefined ? {} : { extraBody }),
      ...(headers === undefined ? {} : { headers }),
      ...(maxCompletionTokens === undefined ? {} : { maxCompletionTokens }),
      ...(azureApiVersion === undefined ? {} : { azureApiVersion }),
    });
    return { source, kind: "openai" as const, model };
  }
  if ("answer" in input) {
    const { model = "function" } = input;
    return { source: new FunctionSource(input, model), kind: "function" as const, model };
  }
  const { model = "completions" } = input;
  return { source: new GivenSource(input.completions, tasks, model), kind: "completions" as const, model };
}

/** Calls a function, a few times at once. */
class FunctionSource implements CompletionSource {
  readonly identity: Record<string, string>;
  readonly #answer: Answering["answer"];
  readonly #concurrency: number;

  constructor({ answer, concurrency = 16 }: Answering, model: string) {
    this.identity = { source: "function", model };
    this.#answer = answer;
    this.#concurrency = concurrency;
  }

  async *complete(requests: Requests, signal: AbortSignal): AsyncIterable<SampleEvent[]> {
    const finished: SampleEvent[] = [];
    const running = new Set<Promise<void>>();
    for await (const request of requests) {
      if (signal.aborted) return;
      const call: Promise<void> = this.#ask(request, signal).then((event) => {
        running.delete(call);
        finished.push(event);
      });
      running.add(call);
      if (running.size >= this.#concurrency) await Promise.race(running);
      if (finished.length > 0) yield finished.splice(0);
    }
    while (running.size > 0 || finished.length > 0) {
      if (finished.length === 0) await Promise.race(running);
      yield finished.splice(0);
    }
  }

  async #ask(request: SampleRequest, signal: AbortSignal): Promise<SampleEvent> {
    const { benchmark, problem_id, repeat, prompt, sampling, seed } = request;
    const begun = performance.now();
    try {
      const question = { benchmark, problemId: problem_id, sample: repeat, prompt, sampling, seed, signal };
      const answer = await this.#answer(question);
      const { text, ...known } = typeof answer === "string" ? { text: answer } : answer;
      if (typeof text !== "string") {
        throw new TypeError(`the answer must be a text: current value is ${text}`);
      }
      const output: SampleOutput = {
        ...{ text, finish_reason: null, tokens: null, ...known },
        ...{ attempts: 1, latency_ms: performance.now() - begun },
      };
      return { request, output };
    } catch (error) {
      return { request, failure: messageOf(error) };
    }
  }
}

/** Looks completions up. */
class GivenSource implements CompletionSource {
  readonly identity: Record<string, string>;
  readonly #outputs = new Map<string, SampleOutput>();

  constructor(completions: Iterable<GivenCompletion>, tasks: readonly Task[], model: string) {
    this.identity = { source: "completions", model };
    const owners = new Map<string, string[]>();
    for (const { name, problems } of tasks) {
      for (const { id } of problems) owners.set(id, [...owners.get(id) ?? [], name]);
    }
    const counts = new Map<string, number>();
    for (const { problem_id, completion, benchmark, sample, finish_reason = null } of completions) {
      const known = owners.get(problem_id) ?? [];
      const [owner = benchmark, other] = benchmark === undefined
        ? known
        : known.filter((name) => name === benchmark);
      if (!known.includes(owner ?? "") || other !== undefined) {
        throw new RangeError(
          known.length > 1
            ? `Cannot score a completion of problem ${problem_id} as several benchmarks have it: name its benchmark`
            : `Cannot score a completion of problem ${problem_id} as no benchmark has it`,
        );
      }
      const group = JSON.stringify([owner, problem_id]);
      const repeat = sample ?? counts.get(group) ?? 0;
      counts.set(group, repeat + 1);
      const key = keyOf(owner as string, problem_id, repeat);
      if (this.#outputs.has(key)) {
        throw new RangeError(`Cannot score sample ${repeat} of problem ${problem_id} as it is there twice`);
      }
      this.#outputs.set(key, {
        ...{ text: completion, finish_reason, tokens: null, attempts: 1, latency_ms: null },
      });
    }
  }

  async *complete(requests: Requests, signal: AbortSignal): AsyncIterable<SampleEvent[]> {
    for await (const request of requests) {
      if (signal.aborted) return;
      const output = this.#outputs.get(keyOf(request.benchmark, request.problem_id, request.repeat));
      yield [output ? { request, output } : { request, failure: "the completions hold no such sample" }];
    }
  }
}

const keyOf = (benchmark: string, problem: string, repeat: number): string =>
  JSON.stringify([benchmark, problem, repeat]);
