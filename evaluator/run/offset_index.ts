// Where the records of a large file are, by key: 40 bytes a record instead of the record. A key is kept as 64 bits of
// hash, so whoever reads a record compares its whole key.

const EMPTY = -1;

/** A place in a file. */
export interface ByteRange {
  offset: number;
  bytes: number;
}

/** An open-addressing hash table over typed arrays that double when they are half full. */
export class OffsetIndex {
  #slots = new Int32Array(1 << 10).fill(EMPTY);
  #high = new Uint32Array(1 << 9);
  #low = new Uint32Array(1 << 9);
  #offsets = new Float64Array(1 << 9);
  #lengths = new Uint32Array(1 << 9);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  get(key: string): ByteRange | undefined {
    const [high, low] = hash64(key);
    const entry = this.#slots[this.#slotOf(high, low)] as number;
    return entry === EMPTY ? undefined : this.#place(entry);
  }

  /** Keeps the first place of a key; false when there was one already. */
  add(key: string, { offset, bytes }: ByteRange): boolean {
    const [high, low] = hash64(key);
    const slot = this.#slotOf(high, low);
    if (this.#slots[slot] !== EMPTY) return false;
    const entry = this.#size++;
    this.#slots[slot] = entry;
    this.#high[entry] = high;
    this.#low[entry] = low;
    this.#offsets[entry] = offset;
    this.#lengths[entry] = bytes;
    if (this.#size === this.#high.length) this.#grow();
    return true;
  }

  /** All places, in the order in which they were added. */
  *places(): Generator<ByteRange> {
    for (let entry = 0; entry < this.#size; entry++) yield this.#place(entry);
  }

  #place(entry: number): ByteRange {
    return { offset: this.#offsets[entry] as number, bytes: this.#lengths[entry] as number };
  }

  /** The slot that holds a hash, or the empty one where it would go. */
  #slotOf(high: number, low: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = low & mask;; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot] as number;
      if (entry === EMPTY || (this.#high[entry] === high && this.#low[entry] === low)) return slot;
    }
  }

  #grow(): void {
    const size = this.#high.length * 2;
    const grown = <A extends Uint32Array | Float64Array>(from: A, to: A): A => (to.set(from), to);
    this.#high = grown(this.#high, new Uint32Array(size));
    this.#low = grown(this.#low, new Uint32Array(size));
    this.#offsets = grown(this.#offsets, new Float64Array(size));
    this.#lengths = grown(this.#lengths, new Uint32Array(size));
    this.#slots = new Int32Array(size * 2).fill(EMPTY);
    for (let entry = 0; entry < this.#size; entry++) {
      this.#slots[this.#slotOf(this.#high[entry] as number, this.#low[entry] as number)] = entry;
    }
  }
}

/** Two words of 32 bits that depend on every character (Bryc's cyrb53 without its last step). */
function hash64(text: string): [number, number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return [b >>> 0, a >>> 0];
}
