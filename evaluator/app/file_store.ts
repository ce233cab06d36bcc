// The store of evaluations in one append-only file (Deno and Bun): the last line of a key counts.

import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs";
import { MemoryStore, type Store } from "./store.ts";

export class FileStore implements Store {
  readonly #path: string;
  readonly #memory = new MemoryStore();

  constructor(path: string) {
    this.#path = path;
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    const end = text.lastIndexOf("\n") + 1;
    for (const line of text.slice(0, end).split("\n").slice(0, -1)) void this.#memory.put(JSON.parse(line));
    // A torn last line is what a crash left.
    if (end < text.length) truncateSync(path, new TextEncoder().encode(text.slice(0, end)).length);
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
}
