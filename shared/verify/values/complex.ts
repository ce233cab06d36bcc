// Complex numbers in fixed point with an error bound, so that a comparison knows what it does not know.

import { LimitError } from "../tree/fuel.ts";
import * as fixed from "./fixed.ts";
import type { Rational } from "../tree/rational.ts";

/** re + im i, both within `error` units in the last place. */
export type Complex = { readonly re: bigint; readonly im: bigint; readonly error: number };

const shift = BigInt(fixed.fractionBits);
const unit = fixed.oneFixed;
const lowBits = unit - 1n;
/** Larger numbers are left to the exact and modular tiers. */
const largest = unit << 700n;

/** |x| as a double, rounded up. */
const size = (x: bigint): number => Math.abs(Number(x >> (shift - 60n))) / 2 ** 60 + 2 ** -60;
export const magnitude = (a: Complex): number => size(a.re) + (a.im === 0n ? 0 : size(a.im));

function within(re: bigint, im: bigint, error: number): Complex {
  if (re > largest || re < -largest || im > largest || im < -largest) throw new LimitError("bits");
  return { re, im, error };
}

export const real = (re: bigint, error = 1): Complex => ({ re, im: 0n, error });
export const zero = real(0n, 0);
export const one = real(unit, 0);
export const i: Complex = { re: 0n, im: unit, error: 0 };
export const pi = real(fixed.piFixed);
export const e = real(fixed.expFixed(unit), 4);

/** Exact where the fraction has a short binary expansion, as integers have. */
export function fromRational(value: Rational): Complex {
  const scaled = value.p << shift;
  return within(scaled / value.q, 0n, value.q === 1n || scaled % value.q === 0n ? 0 : 1);
}

/** the number may be zero: zero is within its error. */
export const mayBeZero = (a: Complex): boolean =>
  Math.abs(Number(a.re)) <= a.error && Math.abs(Number(a.im)) <= a.error;
export const isReal = (a: Complex): boolean => a.im === 0n || Math.abs(Number(a.im)) <= a.error;
export const sign = (a: Complex): number => a.re > 0n ? 1 : a.re < 0n ? -1 : 0;

export const add = (a: Complex, b: Complex): Complex => within(a.re + b.re, a.im + b.im, a.error + b.error);
export const negate = (a: Complex): Complex => ({ re: -a.re, im: -a.im, error: a.error });

export function multiply(a: Complex, b: Complex): Complex {
  const error = magnitude(a) * b.error + magnitude(b) * a.error + 2;
  if (a.im === 0n && b.im === 0n) {
    const product = a.re * b.re;
    const whole = a.error === 0 && b.error === 0 && (product & lowBits) === 0n;
    return within(product >> shift, 0n, whole ? 0 : error);
  }
  return within((a.re * b.re - a.im * b.im) >> shift, (a.re * b.im + a.im * b.re) >> shift, error * 2);
}

/** a / b, or null when b may be zero. */
export function divide(a: Complex, b: Complex): Complex | null {
  if (mayBeZero(b)) return null;
  if (a.im === 0n && b.im === 0n) {
    const re = (a.re << shift) / b.re;
    return within(re, 0n, (a.error + size(re) * b.error) / least(b) + 2);
  }
  const norm = b.re * b.re + b.im * b.im;
  const re = ((a.re * b.re + a.im * b.im) << shift) / norm;
  const im = ((a.im * b.re - a.re * b.im) << shift) / norm;
  return within(re, im, 2 * (a.error + (size(re) + size(im)) * b.error) / least(b) + 4);
}

/** A lower bound of |a|, as a double. */
function least(a: Complex): number {
  const longest = Math.max(Math.abs(Number(a.re)), Math.abs(Number(a.im)));
  return Math.max(longest - a.error, 1) / 2 ** fixed.fractionBits;
}

export function exp(a: Complex): Complex {
  const scale = fixed.expFixed(a.re);
  const error = (size(scale) + 1) * (a.error + 16);
  if (a.im === 0n) return within(scale, 0n, error);
  const [sine, cosine] = fixed.sinCosFixed(a.im);
  return within(fixed.multiplyFixed(scale, cosine), fixed.multiplyFixed(scale, sine), error * 2);
}

/** The principal logarithm, or null at zero. */
export function log(a: Complex): Complex | null {
  if (mayBeZero(a)) return null;
  const error = a.error / least(a) + 16;
  if (a.im === 0n) {
    return within(fixed.lnFixed(a.re < 0n ? -a.re : a.re), a.re < 0n ? fixed.piFixed : 0n, error);
  }
  const norm = (a.re * a.re + a.im * a.im) >> shift;
  if (norm === 0n) return null;
  return within(fixed.lnFixed(norm) >> 1n, fixed.angleFixed(a.im, a.re), error * 2);
}

/** The principal square root; that of a number which may be zero is zero within the root of the error. */
export function sqrt(a: Complex): Complex | null {
  if (mayBeZero(a)) return real(0n, Math.sqrt(2 * a.error) * 2 ** (fixed.fractionBits / 2));
  const error = a.error / Math.sqrt(least(a)) + 4;
  if (a.im === 0n) {
    const root = fixed.sqrtFixed(a.re < 0n ? -a.re : a.re);
    return a.re < 0n ? within(0n, root, error) : within(root, 0n, error);
  }
  const logarithm = log(a);
  return logarithm === null ? null : exp(half(logarithm));
}

export const half = (a: Complex): Complex => ({ re: a.re >> 1n, im: a.im >> 1n, error: a.error / 2 + 1 });

/** [sin a, cos a]. */
export function sinCos(a: Complex): [Complex, Complex] {
  if (a.im === 0n) {
    const [sine, cosine] = fixed.sinCosFixed(a.re);
    return [within(sine, 0n, a.error + 4), within(cosine, 0n, a.error + 4)];
  }
  const turned = exp({ re: -a.im, im: a.re, error: a.error });
  const back = exp({ re: a.im, im: -a.re, error: a.error });
  const sum = half(add(turned, back));
  const difference = half(add(turned, negate(back)));
  return [{ re: difference.im, im: -difference.re, error: difference.error }, sum];
}

/** The angle of a + b i for real a and b. */
export const angle = (y: Complex, x: Complex): Complex =>
  within(fixed.angleFixed(y.re, x.re), 0n, (x.error + y.error) / Math.max(least(x), least(y)) + 16);

/** a^n for an integer by repeated squaring, or null when a may be zero and n is negative. */
export function integerPower(a: Complex, n: number): Complex | null {
  let result = one;
  let square = a;
  for (let k = Math.abs(n); k > 0; k = Math.floor(k / 2)) {
    if (k % 2 === 1) result = multiply(result, square);
    if (k > 1) square = multiply(square, square);
  }
  return n < 0 ? divide(one, result) : result;
}

/** "equal" within the error bounds, "different" beyond them, or "unknown" when too many digits were lost. */
export function relation(a: Complex, b: Complex): "equal" | "different" | "unknown" {
  const error = (a.error + b.error) * 4 + 64;
  const distance = Math.max(Math.abs(Number(a.re - b.re)), Math.abs(Number(a.im - b.im)));
  if (distance > error) return "different";
  // 100 correct bits in front of the error, or an error below 10^-30 around zero
  const scale = Math.max(
    Math.abs(Number(a.re)),
    Math.abs(Number(a.im)),
    Math.abs(Number(b.re)),
    Math.abs(Number(b.im)),
  );
  return error < scale * 2 ** -100 || (scale <= error && error < 2 ** (fixed.fractionBits - 100))
    ? "equal"
    : "unknown";
}
