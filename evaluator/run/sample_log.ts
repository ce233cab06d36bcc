// Where finished samples are kept during a run: the journal on disk, or memory.

import type { SampleRecord } from "./source.ts";

/** A request that failed for good in this session; it is asked again when the run resumes. */
export interface FailureRecord {
  type: "failure";
  key: string;
  reason: string;
}

/** What a run needs of the place where its samples are kept. */
export interface SampleLog {
  has(key: string): boolean;
  append(records: readonly (SampleRecord | FailureRecord)[]): void;
}

/** Samples in memory, each told to a listener when it arrives. */
export class MemoryLog implements SampleLog {
  readonly #samples = new Map<string, SampleRecord>();
  readonly #onSample: (sample: SampleRecord) => void;

  constructor(known: Iterable<SampleRecord>, onSample: (sample: SampleRecord) => void) {
    for (const sample of known) if (!this.#samples.has(sample.key)) this.#samples.set(sample.key, sample);
    this.#onSample = onSample;
  }

  has(key: string): boolean {
    return this.#samples.has(key);
  }

  get(key: string): SampleRecord | undefined {
    return this.#samples.get(key);
  }

  append(records: readonly (SampleRecord | FailureRecord)[]): void {
    for (const record of records) {
      if (record.type === "failure") continue;
      this.#samples.set(record.key, record);
      this.#onSample(record);
    }
  }
}
