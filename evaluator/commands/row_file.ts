// The rows of a result, written one by one to a temporary file, which is renamed when all are written.

import { renameSync, rmSync } from "node:fs";
import type { EvaluationRow } from "#shared/schemas/evaluation.ts";

/** Characters between two writes. */
const BLOCK = 1 << 20;

export class RowFile {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #pending: string[] = [];
  #length = 0;

  constructor(path: string) {
    this.#path = path;
    this.#file = Deno.openSync(`${path}.tmp`, { write: true, create: true, truncate: true });
  }

  write(row: EvaluationRow): void {
    const line = JSON.stringify(row) + "\n";
    this.#pending.push(line);
    this.#length += line.length;
    if (this.#length >= BLOCK) this.#flush();
  }

  /** Puts the file in its place. */
  finish(): void {
    this.#flush();
    this.#file.syncSync();
    this.#file.close();
    renameSync(`${this.#path}.tmp`, this.#path);
  }

  /** Leaves nothing behind. */
  discard(): void {
    this.#file.close();
    rmSync(`${this.#path}.tmp`, { force: true });
  }

  #flush(): void {
    const bytes = new TextEncoder().encode(this.#pending.join(""));
    for (let done = 0; done < bytes.length;) done += this.#file.writeSync(bytes.subarray(done));
    this.#pending = [];
    this.#length = 0;
  }
}
