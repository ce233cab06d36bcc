// Where completions come from, and what a source reports of each.

import type { Requests, SampleRequest } from "./request.ts";
import type { SampleOutput, SampleRecord } from "./sample.ts";

export type { SampleOutput, SampleRecord };

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
