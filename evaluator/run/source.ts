// Where completions come from, and what a source reports of each.

import type { Requests, SampleRequest } from "./request.ts";

/** What a source reports of one completion. */
export interface SampleOutput {
  text: string;
  /** The model's reasoning where the server sends it apart from the answer. */
  reasoning?: string;
  /** null: the source gives another reason or none. */
  finish_reason: "stop" | "length" | null;
  /** Generated tokens, reasoning included, if the source counts them. */
  tokens: number | null;
  /** Tokens of the prompt and of the reasoning alone, if the source counts them. */
  prompt_tokens?: number;
  reasoning_tokens?: number;
  /** Times the request was sent. */
  attempts: number;
  /** Wall time of the last attempt, ms; null where samples are generated in batches. */
  latency_ms: number | null;
}

/** One finished sample as the journal keeps it. */
export interface SampleRecord extends SampleOutput {
  type: "sample";
  key: string;
  benchmark: string;
  problem_id: string;
  repeat: number;
}

/** Reported by a source for each request, in any order: an output, or why there is none. */
export type SampleEvent =
  | { request: SampleRequest; output: SampleOutput }
  | { request: SampleRequest; failure: string };

/** Where completions come from: a local checkpoint or an endpoint. */
export interface CompletionSource {
  /** Names what answers, and with which weights; part of every request's identity. Holds no secret. */
  readonly identity: Record<string, string>;
  /**
   * Completes all requests and yields events as they finish. Ends early when `signal` aborts.
   * @throws UnusableSource when further requests have no hope: a wrong key, nothing that listens.
   */
  complete(requests: Requests, signal: AbortSignal): AsyncIterable<SampleEvent[]>;
}

/** Thrown by a source that no further request is worth sending to; the message says what to do. */
export class UnusableSource extends Error {
  override name = "UnusableSource" as const;
}

/** The record of a finished request. */
export function recordOf(
  { key, benchmark, problem_id, repeat }: SampleRequest,
  output: SampleOutput,
): SampleRecord {
  return { type: "sample", key, benchmark, problem_id, repeat, ...output };
}
