// The prompts whose keys and values are in the pool: those in use, and earlier ones until their space is needed. A new
// prompt reuses the longest prefix that it shares with any of them: a hinted prompt, most of the plain one.

import { type TokenRange, TokenRanges } from "./token_ranges.ts";

interface Entry {
  ids: readonly number[];
  range: TokenRange;
  /** Whether its keys and values are there, or at least recorded. */
  ready: boolean;
  /** Rows and prefills that read it. */
  readers: number;
  /** Prompts to come that would begin with it. */
  wanted: number;
}

/** A prompt's place in the pool, and where the first tokens of it are already. */
export interface Admitted {
  range: TokenRange;
  cached: TokenRange;
}

export class PromptCache {
  readonly #pool: TokenRanges;
  #entries: Entry[] = []; // oldest first
  /** What admitted prompts are going to be copied from. */
  #sources: Entry[] = [];

  /** @param capacity tokens of the pool */
  constructor(public capacity: number) {
    this.#pool = new TokenRanges(capacity);
  }

  /**
   * Says which prompts are to come, so that what they begin with is kept before other prompts are. Returns how many
   * tokens those have that are kept.
   */
  expect(prompts: readonly (readonly number[])[]): number {
    for (const entry of this.#entries) entry.wanted = 0;
    for (const ids of prompts) {
      const { entry } = this.#closest(ids);
      if (entry) entry.wanted++;
    }
    const wanted = this.#entries.filter((entry) => entry.wanted > 0);
    return wanted.reduce((sum, { range }) => sum + range.length, 0);
  }

  /** The pool has grown to `capacity` tokens. */
  grow(capacity: number): void {
    this.#pool.give({ start: this.capacity, length: capacity - this.capacity });
    this.capacity = capacity;
  }

  /** A free range, once prompts that nobody reads have made room: those that are not wanted, or `any`. */
  take(length: number, any: boolean): TokenRange | undefined {
    for (;;) {
      const range = this.#pool.take(length);
      if (range) return range;
      const index = this.#entries.findIndex(({ readers, wanted }) => readers === 0 && (any || wanted === 0));
      if (index < 0) return undefined;
      this.#pool.give(this.#entries.splice(index, 1)[0]!.range);
    }
  }

  give(range: TokenRange): void {
    this.#pool.give(range);
  }

  /** Makes room for a prompt, which is read until `release`; `settle` says that it is there. */
  admit(ids: readonly number[], any: boolean): Admitted | undefined {
    const { entry, shared } = this.#closest(ids);
    if (entry) entry.readers++;
    const range = this.take(ids.length, any);
    if (!range) {
      if (entry) entry.readers--;
      return undefined;
    }
    if (entry) {
      this.#sources.push(entry);
      entry.wanted = Math.max(0, entry.wanted - 1);
    }
    this.#entries.push({ ids, range, ready: false, readers: 1, wanted: 0 });
    return { range, cached: { start: entry?.range.start ?? 0, length: shared } };
  }

  /** The prefills of all admitted prompts have been recorded. */
  settle(): void {
    for (const source of this.#sources) source.readers--;
    this.#sources = [];
    for (const entry of this.#entries) entry.ready = true;
  }

  /** No row reads the prompt at this range any more. */
  release(range: TokenRange): void {
    this.#entries.find((entry) => entry.range === range)!.readers--;
  }

  #closest(ids: readonly number[]): { entry: Entry | undefined; shared: number } {
    let best: { entry: Entry | undefined; shared: number } = { entry: undefined, shared: 0 };
    for (const entry of this.#entries) {
      if (!entry.ready) continue;
      const most = Math.min(entry.ids.length, ids.length);
      let shared = 0;
      while (shared < most && entry.ids[shared] === ids[shared]) shared++;
      if (shared > best.shared) best = { entry, shared };
    }
    return best;
  }
}
