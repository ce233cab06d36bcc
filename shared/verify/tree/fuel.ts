// Fuel instead of time-outs: every stage pays for its work, so that a verdict never depends on the machine.
// A limit that is exceeded ends the comparison as "undecided" with the name of the limit.

/** Hard bounds. The work inside them is a few milliseconds at most. */
export const limits = {
  /** UTF-16 units of a completion or a gold text. */
  text: 1_000_000,
  /** UTF-16 units of one extracted answer. */
  answer: 4096,
  /** Digits of one number as written. */
  digits: 512,
  /** Open brackets, groups and pending operators. */
  nesting: 64,
  /** Nodes of one tree. */
  nodes: 1024,
  /** Levels of one tree. */
  depth: 96,
  /** Bits of an exact integer. */
  bits: 32_768,
  /** Largest factorial argument and longest sum or product. */
  terms: 4096,
  /** Units of work of one call. */
  fuel: 30_000,
} as const;

/** Thrown inside the verifier, never out of it, when an input exceeds one of the limits. */
export class LimitError extends Error {
  constructor(readonly limit: keyof typeof limits) {
    super(`limit ${limit} (${limits[limit]})`);
  }
}

/** Thrown inside the verifier, never out of it, when an answer is not in the grammar. */
export class ParseError extends Error {}

/** Work on long integers that no budget has paid yet. Arithmetic knows no budget; the next payment includes it. */
let owed = 0;

/** Notes work on long integers, before it is done. Throws a LimitError when that alone exceeds a budget. */
export function charge(units: number): void {
  owed += Math.ceil(units);
  if (owed <= limits.fuel) return;
  owed = 0;
  throw new LimitError("fuel");
}

/** A budget of work units; about 100 ns each. */
export class Fuel {
  used = 0;
  nodes = 0;
  /** Values of constants that were computed in this call, by their trees. */
  private values: Map<object, { re: bigint; im: bigint; error: number } | null> | null = null;

  constructor() {
    owed = 0;
  }

  get constants(): Map<object, { re: bigint; im: bigint; error: number } | null> {
    return this.values ??= new Map();
  }

  /** Pays `units` of work, or stops the comparison. */
  spend(units: number): void {
    this.used += units + owed;
    owed = 0;
    if (this.used > limits.fuel) {
      this.used = limits.fuel;
      throw new LimitError("fuel");
    }
  }
}
