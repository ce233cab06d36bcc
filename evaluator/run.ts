// Runs requests against a source and keeps every finished sample in the journal. What is already there is
// not asked again; a request that fails leaves the run incomplete, never wrong.

import type { FailureRecord, Journal } from "./journal.ts";
import type { SampleRecord, SampleRequest, Source } from "./sample.ts";

/** Counts reported while a run goes on. */
export interface Progress {
  done: number;
  failed: number;
  total: number;
  tokens: number;
  /** Why the latest failed request failed. */
  reason: string | null;
}

/**
 * Completes the requests that `journal` lacks. Resolves when the source has answered or given up on all
 * of them, or when `signal` aborts; both leave the journal ready to be continued.
 */
export async function run(
  source: Source,
  requests: readonly SampleRequest[],
  journal: Journal,
  signal: AbortSignal,
  onProgress?: (progress: Progress) => void,
): Promise<Progress> {
  const pending = requests.filter((request) => journal.get(request.key) === undefined);
  const done = requests.length - pending.length;
  const progress: Progress = { done, failed: 0, total: requests.length, tokens: 0, reason: null };
  onProgress?.(progress);
  for await (const events of source.complete(pending, signal)) {
    const records = events.map((event): SampleRecord | FailureRecord => {
      const { key, benchmark, problem_id, repeat } = event.request;
      if ("failure" in event) {
        progress.failed++;
        progress.reason = event.failure;
        return { type: "failure", key, reason: event.failure };
      }
      progress.done++;
      progress.tokens += event.output.tokens ?? 0;
      return { type: "sample", key, benchmark, problem_id, repeat, ...event.output };
    });
    journal.append(records);
    onProgress?.(progress);
    if (signal.aborted) break;
  }
  return progress;
}
