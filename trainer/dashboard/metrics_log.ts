// metrics.jsonl as columns of numbers, read on from where the last look ended, and cut down to as many points as a
// chart has pixels: a bucket of steps becomes its mean, minimum and maximum, so that no spike is lost.

import { open } from "node:fs/promises";
import { errorCode, fileError } from "#shared/io/files.ts";
import { Column, type Series, summarise } from "./column.ts";

/** Small enough for a processor's cache, which makes reading a fifth faster than in pieces of 8 MiB. */
const CHUNK_BYTES = 1 << 20;
const NEWLINE = 10;

/** Points of a range of steps; `null` where a key has no value. */
export interface Window {
  /** Records that one point stands for; 1: every record is there. */
  width: number;
  /** Last step of each point. */
  steps: number[];
  series: Record<string, Series>;
}

export class MetricsLog {
  /** Records read. */
  length = 0;
  /** Lines that are no records. */
  faults = 0;
  /** Grows when records that were there are gone or changed: a resumed run continues from its checkpoint. */
  version = 0;
  readonly #path: string;
  readonly #columns = new Map<string, Column>();
  #order: Column[] = [];
  #file = -1;
  #offset = 0;
  #reading: Promise<void> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  get lastStep(): number {
    return this.length === 0 ? 0 : this.at("step", this.length - 1);
  }

  get keys(): string[] {
    return [...this.#columns.keys()];
  }

  /** The value of a key in a record; NaN when it has none. */
  at(key: string, index: number): number {
    return this.#columns.get(key)?.at(index) ?? NaN;
  }

  /** The last value of a key, or NaN. */
  latest(key: string): number {
    const column = this.#columns.get(key);
    if (column === undefined) return NaN;
    for (let i = this.length - 1; i >= 0; i--) {
      const value = column.at(i);
      if (!Number.isNaN(value)) return value;
    }
    return NaN;
  }

  /** Reads what was added since the last call. A file that is not there yet has no records. */
  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => this.#reading = undefined);
    return this.#reading;
  }

  async #read(): Promise<void> {
    let file;
    try {
      file = await open(this.#path);
    } catch (cause) {
      if (errorCode(cause) === "ENOENT") return;
      throw fileError("read", this.#path, cause);
    }
    try {
      const { ino, size } = await file.stat();
      if (ino !== this.#file || size < this.#offset) this.#restart(ino);
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(size - this.#offset, 1)));
      while (this.#offset < size) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#offset);
        const end = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE) + 1;
        if (end === 0) return; // the line is still being written
        this.#offset += end;
        this.#take(buffer.toString("utf8", 0, end));
      }
    } finally {
      await file.close();
    }
  }

  #restart(file: number): void {
    if (this.length > 0) this.version++;
    this.#file = file;
    this.#offset = 0;
    this.length = 0;
    this.#columns.clear();
    this.#order = [];
  }

  #take(text: string): void {
    for (let start = 0, end; (end = text.indexOf("\n", start)) >= 0; start = end + 1) {
      try {
        this.#add(JSON.parse(text.slice(start, end)));
      } catch {
        this.faults++;
      }
    }
  }

  #add(record: Record<string, unknown>): void {
    const step = record["step"];
    if (typeof step !== "number") throw new TypeError("Cannot add a record as it has no step");
    while (this.length > 0 && this.lastStep >= step) {
      this.length--;
      for (const column of this.#columns.values()) column.set(this.length, NaN);
    }
    const index = this.length++;
    let place = 0;
    for (const key in record) {
      const value = record[key];
      if (typeof value === "number") this.#column(key, place).set(index, value);
      place++;
    }
    const tokens = this.at("generated_tokens", index) - this.at("generated_tokens", index - 1);
    if (tokens >= 0) {
      this.#column("tokens_per_second", place).set(index, tokens / this.at("step_time", index));
    }
  }

  /** The column of a key. Records have their keys in the same order, so the place in a record mostly tells it. */
  #column(key: string, place: number): Column {
    const usual = this.#order[place];
    if (usual?.key === key) return usual;
    let column = this.#columns.get(key);
    if (!column) this.#columns.set(key, column = new Column(key));
    this.#order[place] = column;
    return column;
  }

  /** The records of steps in [from, to] as at most `points` points. */
  window(keys: readonly string[], from: number, to: number, points: number): Window {
    const first = this.#firstFrom(from);
    const end = this.#firstFrom(to + 1);
    const width = Math.max(1, Math.ceil((end - first) / points));
    const steps: number[] = [];
    for (let i = first; i < end; i += width) steps.push(this.at("step", Math.min(i + width, end) - 1));
    const series: Record<string, Series> = {};
    for (const key of keys) {
      const column = this.#columns.get(key);
      if (column) series[key] = summarise(column, first, end, width);
    }
    return { width, steps, series };
  }

  #firstFrom(step: number): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at("step", middle) < step) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
