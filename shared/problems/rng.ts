// Seeded random numbers without state to save: the i-th number of a stream is a hash of (keys, i), so any of them can
// be drawn again alone. The hash is triple32 (Chris Wellons, "Prospecting for Hash Functions", public domain), whose
// 32-bit avalanche bias is about 0.0208; the counter advances by the golden ratio, as in SplitMix.

/** triple32: a bijection of the unsigned 32-bit integers. */
export function mix32(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 17), 0xed5ad4bb);
  x = Math.imul(x ^ (x >>> 11), 0xac4c1b51);
  x = Math.imul(x ^ (x >>> 15), 0x31848bab);
  return (x ^ (x >>> 14)) >>> 0;
}

/** A 32-bit hash of a list of integers. */
function hashNumbers(...values: number[]): number {
  return values.reduce((hash, value) => mix32((hash ^ value) + 0x9e3779b9), 0);
}

/** A 32-bit hash of a text's UTF-16 code units. */
export function hashText(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = mix32((hash ^ text.charCodeAt(i)) + 0x9e3779b9);
  return hash;
}

/** One stream of random numbers, named by its keys (a seed, a step, an index, ...). */
export class Random {
  readonly #key: number;
  #counter = 0;

  constructor(...keys: number[]) {
    this.#key = hashNumbers(...keys);
  }

  /** The next unsigned 32-bit integer. */
  next(): number {
    return mix32(this.#key + Math.imul(++this.#counter, 0x9e3779b9));
  }

  /** A number in [0, 1). */
  real(): number {
    return this.next() / 2 ** 32;
  }

  /** An integer in [low, high], both included; the bias is below (high - low + 1) / 2^32. */
  between(low: number, high: number): number {
    return low + Math.floor(this.real() * (high - low + 1));
  }

  /** One of the items; they must not be empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.between(0, items.length - 1)]!;
  }

  /** The index of one of the weights, each drawn in proportion to its weight. */
  weighted(weights: readonly number[]): number {
    let rest = this.real() * weights.reduce((sum, weight) => sum + weight, 0);
    const index = weights.findIndex((weight) => (rest -= weight) < 0);
    return index < 0 ? weights.length - 1 : index;
  }

  /** The items in a random order (Fisher-Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.between(0, i);
      [result[i], result[j]] = [result[j]!, result[i]!];
    }
    return result;
  }
}
