// What the evaluator asks and what it gets back: the request for one completion and its record.

import type { Sampling } from "./presets.ts";

/** A prompt as chat messages or, for models without a chat template, as text to continue. */
export type Prompt = { messages: { role: "system" | "user"; content: string }[] } | { text: string };

/** The request for one completion of one problem. */
export interface SampleRequest {
  /** Identity of the sample; see `requestKey`. */
  key: string;
  benchmark: string;
  problem_id: string;
  repeat: number;
  prompt: Prompt;
  sampling: Sampling;
  /** Sent to endpoints and used by the local engine; differs between problems and repeats. */
  seed: number;
}

/** What a source reports of one completion. */
export interface SampleOutput {
  text: string;
  /** null: the source gives another reason or none. */
  finish_reason: "stop" | "length" | null;
  /** Generated tokens, if the source counts them. */
  tokens: number | null;
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
export interface Source {
  /** Names what answers, and with which weights; part of every request's identity. Holds no secret. */
  readonly identity: Record<string, string>;
  /** Completes all requests and yields events as they finish. Stops early when `signal` aborts. */
  complete(requests: readonly SampleRequest[], signal: AbortSignal): AsyncIterable<SampleEvent[]>;
}

/**
 * Identity of a sample: hash of the source, the benchmark's task hash, the problem, the repeat and the
 * whole request. Two requests share a key only when they would be the same request to the same model.
 */
export async function requestKey(
  identity: Record<string, string>,
  taskHash: string,
  request: Omit<SampleRequest, "key">,
): Promise<string> {
  return await sha256(JSON.stringify([sorted(identity), taskHash, request]));
}

/** Hex SHA-256 of a string, by the web's own API so that it runs anywhere. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** First 32 bits of a string's SHA-256 as an unsigned number: a seed that depends on every character. */
export async function seedOf(text: string): Promise<number> {
  return parseInt((await sha256(text)).slice(0, 8), 16);
}

function sorted(record: Record<string, string>): [string, string][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
