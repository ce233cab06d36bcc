// The store of evaluations in one append-only file (Deno and Bun): the last line of a key counts. A lock file next to it
// names the process that writes.

import { appendFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import process from "node:process";
import { errorCode, fileError } from "#shared/io/files.ts";
import { readLines } from "#shared/io/seekable_lines.ts";
import { type Claim, MemoryStore, type Store } from "./store.ts";

export class FileStore implements Store, Disposable {
  readonly #path: string;
  readonly #memory = new MemoryStore();
  readonly #unlock: () => void;

  /**
   * Opens or creates the store. Throws when another process has it, or for a damaged line, which is named; a last line
   * without its line break is what a crash left, and goes.
   */
  constructor(path: string) {
    this.#path = path;
    this.#unlock = lock(path);
    try {
      if (existsSync(path)) this.#load();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  get(key: string): Promise<string | null> {
    return this.#memory.get(key);
  }

  async put(entries: Record<string, string>): Promise<void> {
    appendFileSync(this.#path, JSON.stringify(entries) + "\n");
    await this.#memory.put(entries);
  }

  list(prefix: string): Promise<string[]> {
    return this.#memory.list(prefix);
  }

  count(prefix: string): Promise<number> {
    return this.#memory.count(prefix);
  }

  lease(claim: Claim): Promise<string[]> {
    return this.#memory.lease(claim);
  }

  release(group: string, names: readonly string[]): Promise<void> {
    return this.#memory.release(group, names);
  }

  [Symbol.dispose](): void {
    this.#unlock();
  }

  #load(): void {
    for (const { line, text, offset, ended } of readLines(this.#path)) {
      if (!ended) {
        truncateSync(this.#path, offset);
        return;
      }
      void this.#memory.put(entriesOf(text, `${this.#path}:${line}`));
    }
  }
}

function entriesOf(text: string, place: string): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SyntaxError(`Cannot read ${place} as it is not JSON; fix or remove that line`);
  }
  if (
    typeof value === "object" && value !== null &&
    Object.values(value).every((each) => typeof each === "string")
  ) {
    return value as Record<string, string>;
  }
  throw new SyntaxError(`Cannot read ${place} as a line of a store must be an object of strings`);
}

/** Takes the lock file of a store; what is returned gives it back. */
function lock(path: string): () => void {
  const name = `${path}.lock`;
  return "Deno" in globalThis ? lockInDeno(path, name) : lockByProcess(path, name);
}

/** A lock of the kernel, which ends with this process. */
function lockInDeno(path: string, name: string): () => void {
  const owner = ownerOf(name);
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(name, { create: true, write: true });
  } catch (cause) {
    throw fileError("write", name, cause);
  }
  // Another runtime does not see the kernel's lock and leaves its name in the file, as long as it runs.
  if (!file.tryLockSync(true) || owner?.startsWith("bun")) {
    file.close();
    throw isLocked(path, name, owner);
  }
  file.truncateSync();
  file.writeSync(new TextEncoder().encode(`deno ${Deno.pid}\n`));
  return () => {
    file.close();
    rmSync(name, { force: true });
  };
}

/** A file that names this process, over one whose process is gone. */
function lockByProcess(path: string, name: string): () => void {
  const owner = ownerOf(name);
  if (owner !== null && isAlive(Number(owner.split(" ")[1]))) throw isLocked(path, name, owner);
  try {
    writeFileSync(name, `bun ${process.pid}\n`);
  } catch (cause) {
    throw fileError("write", name, cause);
  }
  const release = (): void => rmSync(name, { force: true });
  process.once("exit", release);
  return release;
}

function isLocked(path: string, name: string, owner: string | null): Error {
  const who = owner === null ? "another process" : `process ${owner.split(" ")[1]}`;
  return new Error(
    `Cannot open ${path} as ${who} is serving it; if there is no such process, remove ${name}`,
  );
}

function ownerOf(name: string): string | null {
  try {
    return readFileSync(name, "utf8").trim() || null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
}
