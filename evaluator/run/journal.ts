// The record of a run: one JSON line for every finished sample, appended and never changed. A run that was killed
// continues where the journal ends; scores live elsewhere, so that rescoring cannot touch a completion. In memory
// there is only the place of each sample, so a journal may be larger than memory. Deno only.

import { fileError } from "#shared/io/files.ts";
import { linesOf } from "#shared/io/seekable_lines.ts";
import { type ByteRange, OffsetIndex } from "./offset_index.ts";
import type { FailureRecord, SampleLog } from "./sample_log.ts";
import type { SampleRecord } from "./source.ts";

/** First line of a journal: what the run was asked to do. For people; resuming does not depend on it. */
export interface JournalHeader {
  type: "header";
  version: 1;
  started: string;
  source: Record<string, string>;
  tasks: Record<string, string>;
}

type JournalRecord = JournalHeader | SampleRecord | FailureRecord;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** An open journal. Only one process at a time may hold it. */
export class Journal implements SampleLog, Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #samples = new OffsetIndex();
  /** Where the next record goes. */
  #end = 0;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Opens or creates the journal at `path`, drops a torn last line and looks up the finished samples.
   * Throws when another process holds it or when a line in the middle is not JSON.
   */
  static open(path: string): Journal {
    const file = open(path);
    if (!file.tryLockSync(true)) {
      file.close();
      throw new Error(`Cannot open ${path} as another evaluation is writing it`);
    }
    const journal = new Journal(path, file);
    try {
      journal.#load();
    } catch (error) {
      file.close();
      throw error;
    }
    return journal;
  }

  get isEmpty(): boolean {
    return this.#end === 0;
  }

  /** Finished samples. */
  get size(): number {
    return this.#samples.size;
  }

  has(key: string): boolean {
    return this.#samples.has(key);
  }

  /** The finished sample of a request, if any, read from the file. */
  get(key: string): SampleRecord | undefined {
    const place = this.#samples.get(key);
    if (place === undefined) return undefined;
    const record = this.#read(place);
    if (record.key === key) return record;
    throw new Error(`Cannot read sample ${key} of ${this.#path} as another has the same hash: ${record.key}`);
  }

  /** Appends records in one write and forces them to disk. A sample whose key is known is refused. */
  append(records: readonly JournalRecord[]): void {
    if (records.length === 0) return;
    const lines = records.map((record) => encoder.encode(JSON.stringify(record) + "\n"));
    let offset = this.#end;
    records.forEach((record, i) => {
      const bytes = (lines[i] as Uint8Array).length - 1;
      if (record.type === "sample" && !this.#samples.add(record.key, { offset, bytes })) {
        throw new Error(`Cannot append sample ${record.key} as the journal already holds it`);
      }
      offset += bytes + 1;
    });
    this.#file.seekSync(this.#end, Deno.SeekMode.Start);
    for (const line of lines) {
      for (let written = 0; written < line.length;) written += this.#file.writeSync(line.subarray(written));
    }
    this.#file.syncDataSync();
    this.#end = offset;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #load(): void {
    for (
      const { line, text, offset, bytes, ended } of linesOf((buffer) => this.#file.readSync(buffer) ?? 0)
    ) {
      if (!ended) break; // whatever follows the last line break was cut off by a crash
      const record = parse(text, line, this.#path);
      // The first record of a key wins: a completion never changes once it is written.
      if (record.type === "sample") this.#samples.add(record.key, { offset, bytes });
      this.#end = offset + bytes + 1;
    }
    this.#file.truncateSync(this.#end);
  }

  #read({ offset, bytes }: ByteRange): SampleRecord {
    const buffer = new Uint8Array(bytes);
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    for (let at = 0; at < bytes;) {
      const n = this.#file.readSync(buffer.subarray(at));
      if (n === null) throw new Error(`Cannot read ${this.#path} as it has become shorter`);
      at += n;
    }
    return JSON.parse(decoder.decode(buffer)) as SampleRecord;
  }
}

function open(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { read: true, write: true, create: true });
  } catch (cause) {
    throw fileError("write", path, cause);
  }
}

function parse(text: string, line: number, path: string): JournalRecord {
  try {
    return JSON.parse(text) as JournalRecord;
  } catch {
    throw new SyntaxError(`Cannot read ${path} as line ${line} is not JSON`);
  }
}
