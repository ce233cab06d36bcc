// Runs requests against a source and keeps every finished sample in a log. What is already there is
// not asked again; a request that fails leaves the run incomplete, never wrong.

import type { Requests, SampleRequest } from "./request.ts";
import type { FailureRecord, SampleLog } from "./sample_log.ts";
import { type CompletionSource, recordOf, type SampleRecord, UnusableSource } from "./source.ts";

/** Counts reported during a run. */
export interface RunProgress {
  done: number;
  failed: number;
  total: number;
  /** Samples, generated tokens and prompt tokens of this session. */
  answered: number;
  tokens: number;
  promptTokens: number;
  /** Failed requests by reason. */
  reasons: Map<string, number>;
  /** Why the run ended before its end, where the source gave up. */
  stopped: string | null;
}

/**
 * Completes the requests that `log` lacks. Resolves when the source has answered or given up on all
 * of them, or when `signal` aborts; both leave the log ready to be continued.
 */
export async function run(
  source: CompletionSource,
  requests: Requests,
  total: number,
  log: SampleLog,
  signal: AbortSignal,
  onProgress?: (progress: RunProgress) => void,
): Promise<RunProgress> {
  const progress: RunProgress = {
    ...{ done: 0, failed: 0, total, answered: 0, tokens: 0, promptTokens: 0 },
    reasons: new Map(),
    stopped: null,
  };
  async function* pending(): AsyncGenerator<SampleRequest> {
    for await (const request of requests) {
      if (!log.has(request.key)) yield request;
      else progress.done++;
    }
    onProgress?.(progress);
  }
  try {
    for await (const events of source.complete(pending(), signal)) {
      const records = events.map((event): SampleRecord | FailureRecord => {
        if ("failure" in event) {
          progress.failed++;
          progress.reasons.set(event.failure, (progress.reasons.get(event.failure) ?? 0) + 1);
          return { type: "failure", key: event.request.key, reason: event.failure };
        }
        progress.done++;
        progress.answered++;
        progress.tokens += event.output.tokens ?? 0;
        progress.promptTokens += event.output.prompt_tokens ?? 0;
        return recordOf(event.request, event.output);
      });
      log.append(records);
      onProgress?.(progress);
      if (signal.aborted) break;
    }
  } catch (error) {
    if (!(error instanceof UnusableSource)) throw error;
    progress.stopped = error.message;
  }
  return progress;
}
