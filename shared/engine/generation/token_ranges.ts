// Which tokens of the key-value pool are taken: contiguous ranges, first fit.

export interface TokenRange {
  start: number;
  length: number;
}

export class TokenRanges {
  /** Free ranges in ascending order, never touching each other. */
  #free: TokenRange[];

  constructor(capacity: number) {
    this.#free = [{ start: 0, length: capacity }];
  }

  /** A range of `length` tokens, or undefined when no gap is long enough. */
  take(length: number): TokenRange | undefined {
    if (length === 0) return { start: 0, length: 0 };
    const index = this.#free.findIndex((gap) => gap.length >= length);
    const gap = this.#free[index];
    if (!gap) return undefined;
    const range = { start: gap.start, length };
    gap.start += length;
    gap.length -= length;
    if (gap.length === 0) this.#free.splice(index, 1);
    return range;
  }

  give(range: TokenRange): void {
    if (range.length === 0) return;
    const all = [...this.#free, { ...range }].sort((a, b) => a.start - b.start);
    this.#free = [];
    for (const gap of all) {
      const last = this.#free.at(-1);
      if (last && last.start + last.length === gap.start) last.length += gap.length;
      else this.#free.push(gap);
    }
  }
}
