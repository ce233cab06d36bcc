// Reads one written number: thousands separators, decimals, exponents, repeating decimals.

import { LimitError, limits, ParseError } from "../tree/fuel.ts";
import { type Rational, rational } from "../tree/rational.ts";

/** How a comma between digits is read where several readings make sense; "grouped": thousands inside brackets too. */
export type Commas = "thousands" | "grouped" | "list" | "decimal";

export type Numeral = {
  end: number;
  value: Rational;
  /** Digits after the point when the number is written with one, else null. */
  places: number | null;
  /** A comma that could also separate two numbers, or be a decimal comma. */
  ambiguous: boolean;
};

export const isDigit = (c: string | undefined): boolean =>
  c !== undefined && c >= "0" && c <= "9" && c.length === 1;

/** End of the run of digits that starts at `i`. */
function digitsEnd(source: string, i: number): number {
  while (isDigit(source[i])) i++;
  return i;
}

/** Separators that group digits by three wherever they stand. */
const glue = ["{,}", ",\\!", "\\!", "\\,", "{\\,}", "\\ ", "~", " ", "{ }", "'"];

/** Start of the next group of exactly three digits after `i`, or -1. */
function nextGroup(source: string, i: number, comma: boolean): number {
  let from = -1;
  for (const separator of glue) {
    if (!source.startsWith(separator, i)) continue;
    from = i + separator.length;
    if (separator === ",\\!") { while (source[from] === " ") from++; }
    break;
  }
  if (from < 0 && comma && source[i] === ",") from = i + 1;
  if (from < 0 || digitsEnd(source, from) !== from + 3) return -1;
  return from;
}

/**
 * Reads the number that starts at `i` (a digit, or a point before a digit).
 * `inside`: between brackets, where a comma separates elements unless it is glued by `{}` or `\!`.
 */
export function scanNumeral(
  source: string,
  i: number,
  commas: Commas,
  inside: boolean,
  exponent: boolean,
): Numeral {
  let end = digitsEnd(source, i);
  let whole = source.slice(i, end);
  let ambiguous = false;
  const groupable = whole.length > 0 && whole.length <= 3 && (whole.length > 1 || whole !== "0");
  if (groupable) {
    const allowComma = commas === "grouped" || (commas === "thousands" && !inside);
    for (
      let next = nextGroup(source, end, allowComma);
      next >= 0;
      next = nextGroup(source, end, allowComma)
    ) {
      if (source[end] === "," && source[end + 1] !== "\\") ambiguous = true;
      whole += source.slice(next, next + 3);
      end = next + 3;
      if (whole.length > limits.digits) throw new LimitError("digits");
    }
  }
  if (source[end] === "," && isDigit(source[end + 1])) ambiguous = true;
  let fraction: string | null = null;
  const point = source[end] === "." ? end : source.startsWith("{.}", end) ? end + 2 : -1;
  if (point >= 0 && isDigit(source[point + 1])) {
    end = digitsEnd(source, point + 1);
    fraction = source.slice(point + 1, end);
  } else if (point === end && whole !== "" && !source.startsWith("...", end)) {
    end++; // "5." at the end of a sentence or "3./2"
  } else if (commas === "decimal" && source[end] === "," && isDigit(source[end + 1])) {
    const stop = digitsEnd(source, end + 1);
    fraction = source.slice(end + 1, stop);
    end = stop;
  }
  if (whole.length + (fraction ?? "").length > limits.digits) throw new LimitError("digits");
  if (whole === "" && fraction === null) throw new ParseError("a number without digits");
  let value = rational(BigInt(whole + (fraction ?? "")), 10n ** BigInt((fraction ?? "").length));
  let places = fraction === null ? null : fraction.length;

  const repeat = repeating(source, end);
  if (repeat !== null && (fraction !== null || source[end - 1] === ".")) {
    const nines = 10n ** BigInt(repeat.digits.length) - 1n;
    const tail = rational(BigInt(repeat.digits), nines * 10n ** BigInt(places ?? 0));
    value = rational(value.p * tail.q + tail.p * value.q, value.q * tail.q);
    return { end: repeat.end, value, places: null, ambiguous };
  }
  const dots = fraction === null ? null : ellipsis(source, end);
  if (dots !== null && fraction !== null) {
    const period = periodOf(fraction);
    if (period === 0) return { end: dots, value, places, ambiguous };
    const nines = 10n ** BigInt(period) - 1n;
    const shift = 10n ** BigInt(fraction.length - period);
    const head = rational(BigInt(whole + fraction.slice(0, fraction.length - period)), shift);
    const tail = rational(BigInt(fraction.slice(-period)), nines * shift);
    value = rational(head.p * tail.q + tail.p * head.q, head.q * tail.q);
    return { end: dots, value, places: null, ambiguous };
  }
  if (exponent && (source[end] === "e" || source[end] === "E")) {
    const signed = source[end + 1] === "-" || source[end + 1] === "+" ? end + 2 : end + 1;
    const stop = digitsEnd(source, signed);
    if (stop > signed && !/[A-Za-z]/.test(source[stop] ?? "")) {
      const size = stop - signed > 5 ? Infinity : Number(source.slice(signed, stop));
      if (size > 4096) throw new LimitError("bits");
      const shift = source[end + 1] === "-" ? -size : size;
      value = shift < 0
        ? rational(value.p, value.q * 10n ** BigInt(-shift))
        : rational(value.p * 10n ** BigInt(shift), value.q);
      places = places === null && shift >= 0 ? null : (places ?? 0) - shift;
      end = stop;
    }
  }
  return { end, value, places, ambiguous };
}

/** End of the dots behind a decimal, or null. */
function ellipsis(source: string, i: number): number | null {
  const found = /^\s?(?:\\[lcd]?dots(?![A-Za-z])|\.\.\.)/.exec(source.slice(i, i + 9));
  return found === null ? null : i + found[0].length;
}

/** Length of the block that the written digits repeat at their end, as in 0.333... and 0.1818...; 0: none. */
function periodOf(digits: string): number {
  for (let length = 1; length <= 12 && length * 2 <= digits.length; length++) {
    const block = digits.slice(-length);
    const times = length === 1 || length === 2 || length >= 6 ? 2 : 3;
    if (digits.endsWith(block.repeat(times))) return length;
  }
  return 0;
}

/** The digits of `\overline{36}`, `\dot{3}` or `(3)` at `i`. */
function repeating(source: string, i: number): { digits: string; end: number } | null {
  if (source[i] === "(" && (source[i - 1] === "." || /(?:^|\D)0\.\d{1,8}$/.test(source.slice(0, i)))) {
    const stop = digitsEnd(source, i + 1);
    const ends = source[stop] === ")" && /^\s*(?:$|[,;})=])/.test(source.slice(stop + 1, stop + 4));
    return ends && stop > i + 1 && stop - i <= 13
      ? { digits: source.slice(i + 1, stop), end: stop + 1 }
      : null;
  }
  for (const command of ["\\overline{", "\\bar{", "\\dot{", "\\overline "]) {
    if (!source.startsWith(command, i)) continue;
    const from = i + command.length;
    const stop = digitsEnd(source, from);
    if (stop === from || stop - from > 64) return null;
    if (command.endsWith("{")) {
      return source[stop] === "}" ? { digits: source.slice(from, stop), end: stop + 1 } : null;
    }
    return { digits: source.slice(from, from + 1), end: from + 1 };
  }
  return null;
}

/** Digits that carry information in a decimal literal: those from the first one that is not zero. */
export function significantDigits(value: Rational, places: number): number {
  const scaled = places >= 0
    ? value.p * 10n ** BigInt(places) / value.q
    : value.p / value.q / 10n ** BigInt(-places);
  const size = scaled < 0n ? -scaled : scaled;
  return size === 0n ? 0 : size.toString().length;
}

/** Whether `exact` rounds (half away from zero, or half down) to `written` with `places` digits after the point. */
export function roundsTo(exact: Rational, written: Rational, places: number): boolean {
  const unit = places >= 0 ? rational(1n, 10n ** BigInt(places)) : rational(10n ** BigInt(-places));
  const p = exact.p * written.q - written.p * exact.q;
  const distance = rational(p < 0n ? -p : p, exact.q * written.q);
  return distance.p * unit.q * 2n <= unit.p * distance.q;
}
