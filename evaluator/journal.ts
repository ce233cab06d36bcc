// The record of a run: one JSON line for every finished sample, appended and never changed.
// A run that was killed continues where the journal ends; scores live elsewhere, so that rescoring
// cannot touch a completion. Deno only.

import type { SampleRecord } from "./sample.ts";

/** First line of a journal: what the run was asked to do. For people; resuming does not depend on it. */
export interface JournalHeader {
  type: "header";
  version: 1;
  started: string;
  source: Record<string, string>;
  tasks: Record<string, string>;
}

/** A request that failed for good in this session; it is asked again when the run resumes. */
export interface FailureRecord {
  type: "failure";
  key: string;
  reason: string;
}

type JournalRecord = JournalHeader | SampleRecord | FailureRecord;

const encoder = new TextEncoder();

/** An open journal. Only one process at a time may hold it. */
export class Journal implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #samples = new Map<string, SampleRecord>();
  #empty = true;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /**
   * Opens or creates the journal at `path`, drops a torn last line and reads the finished samples.
   * Throws when another process holds it or when a line in the middle is not JSON.
   */
  static open(path: string): Journal {
    const file = Deno.openSync(path, { read: true, write: true, create: true });
    if (!file.tryLockSync(true)) {
      file.close();
      throw new Error(`Cannot open ${path} as another evaluation is writing it`);
    }
    const journal = new Journal(file);
    try {
      journal.#load(path);
    } catch (error) {
      file.close();
      throw error;
    }
    return journal;
  }

  /** Reads the finished samples of a journal without locking or changing it. */
  static read(path: string): SampleRecord[] {
    const { records } = parse(Deno.readTextFileSync(path), path);
    const samples = new Map<string, SampleRecord>();
    for (const record of records) if (record.type === "sample") samples.set(record.key, record);
    return [...samples.values()];
  }

  get isEmpty(): boolean {
    return this.#empty;
  }

  /** The finished sample of a request, if any. */
  get(key: string): SampleRecord | undefined {
    return this.#samples.get(key);
  }

  /** Appends records in one write and forces them to disk. A sample whose key is known is refused. */
  append(records: readonly JournalRecord[]): void {
    if (records.length === 0) return;
    for (const record of records) {
      if (record.type !== "sample") continue;
      if (this.#samples.has(record.key)) {
        throw new Error(`Cannot append sample ${record.key} as the journal already holds it`);
      }
      this.#samples.set(record.key, record);
    }
    const bytes = encoder.encode(records.map((record) => JSON.stringify(record) + "\n").join(""));
    for (let written = 0; written < bytes.length;) written += this.#file.writeSync(bytes.subarray(written));
    this.#file.syncDataSync();
    this.#empty = false;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #load(path: string): void {
    const { records, validBytes } = parse(Deno.readTextFileSync(path), path);
    this.#empty = records.length === 0;
    for (const record of records) {
      // The first record of a key wins: a completion never changes once it is written.
      if (record.type === "sample" && !this.#samples.has(record.key)) this.#samples.set(record.key, record);
    }
    this.#file.truncateSync(validBytes);
    this.#file.seekSync(0, Deno.SeekMode.End);
  }
}

/** Splits a journal into records; whatever follows the last line break was cut off by a crash. */
function parse(text: string, path: string): { records: JournalRecord[]; validBytes: number } {
  const end = text.lastIndexOf("\n") + 1;
  const records = text.slice(0, end).split("\n").slice(0, -1).map((line, i) => {
    try {
      return JSON.parse(line) as JournalRecord;
    } catch {
      throw new SyntaxError(`Cannot read ${path} as line ${i + 1} is not JSON`);
    }
  });
  return { records, validBytes: encoder.encode(text.slice(0, end)).length };
}
