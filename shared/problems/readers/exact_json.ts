// JSON whose numbers are what the file says. JSON.parse makes doubles of them: 12345678901234567890 and 1e400 would
// become other numbers, and 3.30 would lose its places. A number that a double does not write back letter for letter
// is a Numeral here.

/** A number of a file in its own spelling. */
export class Numeral {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
  toJSON(): string {
    return this.text;
  }
}

/** The value of a JSON text. Throws SyntaxError. */
export function parseExact(text: string): unknown {
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown);
}

function exact(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number") return value;
  const source = context?.source;
  if (source === undefined) {
    throw new Error(
      "Cannot read numbers exactly as this runtime's JSON.parse hides their text: use Bun, Deno or Node 22",
    );
  }
  // Python writes the whole number 42 in a column with decimals as 42.0.
  return source.replace(/(?<=^-?\d+)\.0$/, "") === String(value) ? value : new Numeral(source);
}
