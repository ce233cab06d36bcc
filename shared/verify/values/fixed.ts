// Elementary functions on fixed-point big integers (256 fraction bits).
// Only integer arithmetic: every runtime computes the same bits.

import { LimitError } from "../tree/fuel.ts";

/** Fraction bits of a fixed-point number. */
export const fractionBits = 256;
const F = BigInt(fractionBits);
const guard = 64n;

export const oneFixed = 1n << F;

/** floor(sqrt(n)) for n >= 0, by Newton's method from a double. */
export function squareRoot(n: bigint): bigint {
  if (n < 2n) return n < 0n ? 0n : n;
  const length = n.toString(16).length * 4;
  const shift = BigInt(Math.max(0, length - 100 + (length % 2)));
  let x = BigInt(Math.ceil(Math.sqrt(Number(n >> shift)))) + 1n << (shift >> 1n);
  while (true) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

export const sqrtFixed = (x: bigint): bigint => squareRoot(x << F);
export const multiplyFixed = (x: bigint, y: bigint): bigint => (x * y) >> F;

/** atan(1/n) with F + guard bits, by its series. */
function arcCotangent(n: bigint): bigint {
  const square = n * n;
  let term = (1n << (F + guard * 2n)) / n;
  let sum = term;
  for (let k = 3n; term !== 0n; k += 2n) {
    term = -term / square;
    sum += term / k;
  }
  return sum;
}

/** Machin: pi/4 = 4 atan(1/5) - atan(1/239). Scaled by 2^(F + 2 guard). */
const piWide = 4n * (4n * arcCotangent(5n) - arcCotangent(239n));
export const piFixed = piWide >> (2n * guard);
/** ln 2 = 18 atanh(1/26) - 2 atanh(1/4801) + 8 atanh(1/8749), scaled by 2^(F + 2 guard). */
const ln2Wide = 18n * arcCotangentHyperbolic(26n) - 2n * arcCotangentHyperbolic(4801n) +
  8n * arcCotangentHyperbolic(8749n);

function arcCotangentHyperbolic(n: bigint): bigint {
  const square = n * n;
  let term = (1n << (F + guard * 2n)) / n;
  let sum = term;
  for (let k = 3n; term !== 0n; k += 2n) {
    term /= square;
    sum += term / k;
  }
  return sum;
}

/** Nearest integer to a/b for b > 0. */
const nearest = (a: bigint, b: bigint): bigint => {
  const twice = 2n * a + b;
  const quotient = twice / (2n * b);
  return twice < 0n && quotient * 2n * b !== twice ? quotient - 1n : quotient;
};

/** e^x. Throws a LimitError above 2^1000. */
export function expFixed(x: bigint): bigint {
  const wide = x << guard;
  const ln2 = ln2Wide >> guard;
  const n = nearest(wide, ln2);
  if (n > 1000n) throw new LimitError("bits");
  if (n < -fractionBitsLimit) return 0n;
  const scale = F + guard;
  const r = (wide - n * ln2) >> 8n;
  let term = 1n << scale;
  let sum = term;
  for (let k = 1n; term !== 0n && k < 200n; k++) {
    term = ((term * r) >> scale) / k;
    sum += term;
  }
  for (let i = 0; i < 8; i++) sum = (sum * sum) >> scale;
  const shift = guard - n;
  return shift >= 0n ? sum >> shift : sum << -shift;
}
const fractionBitsLimit = F + 8n;

/** ln x for x > 0. */
export function lnFixed(x: bigint): bigint {
  const scale = F + guard;
  const exponent = BigInt(x.toString(2).length) - 1n - F; // so that m is in [1, 2)
  let m = exponent >= 0n ? (x << guard) >> exponent : x << (guard - exponent);
  const halvings = 3n;
  for (let i = 0n; i < halvings; i++) m = squareRoot(m << scale);
  const unit = 1n << scale;
  const z = ((m - unit) << scale) / (m + unit);
  const square = (z * z) >> scale;
  let term = z;
  let sum = z;
  for (let k = 3n; term !== 0n; k += 2n) {
    term = (term * square) >> scale;
    sum += term / k;
  }
  return ((sum << (halvings + 1n)) + exponent * (ln2Wide >> guard)) >> guard;
}

/** [sin x, cos x] for |x| < 2^64. */
export function sinCosFixed(x: bigint): [bigint, bigint] {
  if (x >> (F + guard) !== 0n && (-x) >> (F + guard) !== 0n) throw new LimitError("bits");
  const scale = F + guard;
  const half = piWide >> (guard + 1n);
  const wide = x << guard;
  const quadrant = nearest(wide, half);
  // pi is kept with another `guard` bits, so that large arguments lose nothing
  const r = ((wide << guard) - quadrant * (piWide >> 1n)) >> guard;
  const square = (r * r) >> scale;
  let sine = r;
  let cosine = 1n << scale;
  let s = r;
  let c = cosine;
  for (let k = 1n; s !== 0n && c !== 0n && k < 200n; k++) {
    c = -((c * square) >> scale) / ((2n * k - 1n) * 2n * k);
    s = -((s * square) >> scale) / (2n * k * (2n * k + 1n));
    cosine += c;
    sine += s;
  }
  const [a, b] = [sine >> guard, cosine >> guard];
  switch (((quadrant % 4n) + 4n) % 4n) {
    case 0n:
      return [a, b];
    case 1n:
      return [b, -a];
    case 2n:
      return [-a, -b];
    default:
      return [-b, a];
  }
}

/** The angle of the point (x, y), in (-pi, pi]. */
export function angleFixed(y: bigint, x: bigint): bigint {
  if (y === 0n) return x < 0n ? piFixed : 0n;
  if (x === 0n) return y > 0n ? piFixed >> 1n : -(piFixed >> 1n);
  const [a, b] = [y < 0n ? -y : y, x < 0n ? -x : x];
  const acute = a <= b ? arcTangent((a << F) / b) : (piFixed >> 1n) - arcTangent((b << F) / a);
  const upper = x < 0n ? piFixed - acute : acute;
  return y < 0n ? -upper : upper;
}

/** atan t for 0 <= t <= 1: three half-angle steps, then the series. */
function arcTangent(t: bigint): bigint {
  const scale = F + guard;
  const unit = 1n << scale;
  let z = t << guard;
  for (let i = 0; i < 3; i++) z = (z << scale) / (unit + squareRoot((unit * unit) + z * z));
  const square = (z * z) >> scale;
  let term = z;
  let sum = z;
  for (let k = 3n; term !== 0n; k += 2n) {
    term = -((term * square) >> scale);
    sum += term / k;
  }
  return sum >> (guard - 3n);
}
