// Exact fractions of big integers, the number type of every literal.

import { charge, LimitError, limits } from "./fuel.ts";

/** A reduced fraction p/q with q > 0. */
export type Rational = { readonly p: bigint; readonly q: bigint };

export const zero: Rational = { p: 0n, q: 1n };
export const one: Rational = { p: 1n, q: 1n };

/** An upper estimate of the bits of an integer, cheap enough to call before every operation. */
export function bits(n: bigint): number {
  const size = n < 0n ? -n : n;
  if (size < 0x1_0000_0000n) return 32;
  const approximate = Number(size);
  if (approximate < Infinity) return Math.ceil(log2Upper(approximate));
  return size.toString(16).length * 4;
}

/** ceil(log2 x) for a finite positive double, from its exponent bits. */
function log2Upper(x: number): number {
  view.setFloat64(0, x);
  return ((view.getUint16(0) >> 4) & 0x7ff) - 1022;
}
const view = new DataView(new ArrayBuffer(8));

/** Longer integers cost more than a unit. */
const cheap = 512;

function checked(n: bigint): bigint {
  const size = bits(n);
  if (size > limits.bits) throw new LimitError("bits");
  if (size > cheap) charge((size / 1000) ** 2);
  return n;
}

export function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  const size = Math.min(bits(x), bits(y));
  if (size > 64) charge(size * (0.7 + size / 18_000)); // steps of Euclid's algorithm, each linear in the length
  while (y !== 0n) {
    if (x <= 0x1f_ffff_ffff_ffffn && y <= 0x1f_ffff_ffff_ffffn) {
      let [m, n] = [Number(x), Number(y)];
      while (n !== 0) [m, n] = [n, m % n];
      return BigInt(m);
    }
    [x, y] = [y, x % y];
  }
  return x;
}

/** The reduced fraction p/q. Throws a RangeError when q is 0. */
export function rational(p: bigint, q = 1n): Rational {
  if (q === 1n) return { p: checked(p), q };
  if (q === 0n) throw new RangeError("Cannot build a fraction with denominator 0");
  const d = gcd(p, q);
  const sign = q < 0n ? -1n : 1n;
  return { p: checked(sign * p / d), q: checked(sign * q / d) };
}

export const add = (a: Rational, b: Rational): Rational =>
  a.q === 1n && b.q === 1n ? rational(a.p + b.p) : rational(a.p * b.q + b.p * a.q, a.q * b.q);
export const multiply = (a: Rational, b: Rational): Rational => rational(a.p * b.p, a.q * b.q);
export const divide = (a: Rational, b: Rational): Rational => rational(a.p * b.q, a.q * b.p);
export const negate = (a: Rational): Rational => ({ p: -a.p, q: a.q });
export const equal = (a: Rational, b: Rational): boolean => a.p === b.p && a.q === b.q;
export const isInteger = (a: Rational): boolean => a.q === 1n;

/** Negative, zero or positive as a < b, a = b, a > b. */
export function order(a: Rational, b: Rational): number {
  const [x, y] = [a.p * b.q, b.p * a.q];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** a^n for an integer n; throws a LimitError before a result that is too long is computed. */
export function power(a: Rational, n: bigint): Rational {
  if (n === 0n) return one;
  const size = n < 0n ? -n : n;
  const unit = (a.p === 1n || a.p === -1n || a.p === 0n) && a.q === 1n;
  if (unit) {
    if (a.p === 0n && n < 0n) throw new RangeError("Cannot raise 0 to a negative power");
    return size % 2n === 0n ? multiply(a, a) : a;
  }
  const length = Math.max(shortBits(a.p), shortBits(a.q));
  if (size > BigInt(limits.bits) || length * Number(size) > limits.bits + 64) throw new LimitError("bits");
  const [p, q] = [a.p ** size, a.q ** size];
  return n > 0n ? rational(p, q) : rational(q, p);
}

/** The exact number of bits of a short integer, an upper bound for a long one. */
function shortBits(n: bigint): number {
  const size = Number(n < 0n ? -n : n);
  return size < Infinity ? Math.max(1, log2Upper(size) - 1) : bits(n);
}

/** The largest integer not above a. */
export function floor(a: Rational): bigint {
  const quotient = a.p / a.q;
  return a.p < 0n && quotient * a.q !== a.p ? quotient - 1n : quotient;
}

/** The exact integer k-th root of n, or null when n is not a k-th power. */
export function exactRoot(n: bigint, k: number): bigint | null {
  if (n < 0n) {
    if (k % 2 === 0) return null;
    const root = exactRoot(-n, k);
    return root === null ? null : -root;
  }
  if (n < 2n) return n;
  const root = integerRoot(n, k);
  return root ** BigInt(k) === n ? root : null;
}

/** floor(n^(1/k)) by Newton's method from above. */
export function integerRoot(n: bigint, k: number): bigint {
  const degree = BigInt(k);
  let x = 1n << BigInt(Math.ceil(bits(n) / k) + 1);
  const size = bits(n);
  while (true) {
    if (size > cheap) charge((size / 700) ** 2);
    const next = ((degree - 1n) * x + n / x ** (degree - 1n)) / degree;
    if (next >= x) return x;
    x = next;
  }
}
