// Two numbers or formulas without their units: identity, written decimals, rounding and tolerance by the rules.

import { type Node, some, symbols } from "../tree/node.ts";
import * as complex from "../values/complex.ts";
import { exact } from "../values/exact.ts";
import { key } from "../tree/key.ts";
import { roundsTo, significantDigits } from "../read/numerals.ts";
import { multiply, one, power, type Rational, rational } from "../tree/rational.ts";
import { type Answer, answer, constantValue, identical, valueOf } from "../values/identity.ts";
import type { Context } from "./context.ts";
import { withConstantOf } from "./families.ts";
import { isMinusOne, powerOfTen } from "./literals.ts";

const hundred = rational(100n);

export function numbers(x: Node, y: Node, context: Context): Answer {
  const { fuel, rules } = context;
  const infinite = (node: Node): boolean =>
    some(node, (part) => part.kind === "constant" && part.name === "inf");
  if (infinite(x) || infinite(y)) {
    const same = key(x, fuel) === key(y, fuel);
    return answer(same, "canonical", same ? "the same expression" : "only one side is this infinity");
  }
  const plain = identical(x, y, fuel);
  if (plain.same === true) return plain;
  if (rules.parameters && symbols(x).size > 0) {
    const renamed = withConstantOf(x, y, context.builder);
    const same = renamed === null ? plain : identical(x, renamed, fuel);
    if (same.same === true) return same;
  }
  if (rules.relativeTolerance > 0 && rules.toleranceFor === "all") {
    const scales = rules.hundredfold ? [one, hundred, rational(1n, 100n)] : [one];
    if (scales.some((scale) => close(x, y, scale, context))) {
      return answer(true, "decimal", "equal within the tolerance");
    }
  }
  const [left, right] = [decimalOf(x, fuel), decimalOf(y, fuel)];
  if (left === null && right === null) return plain;
  if (
    rules.places !== null && left !== null !== (right !== null) ||
    rules.places !== null && left !== null && right !== null
  ) {
    const near = roundedEqual(x, y, rules.places, context);
    if (near) return answer(true, "decimal", `equal after rounding to ${rules.places} places`);
  }
  if (rules.relativeTolerance > 0 && close(x, y, one, context)) {
    return answer(true, "decimal", `equal within a relative ${rules.relativeTolerance}`);
  }
  if (left !== null && right !== null) {
    if (!rules.roundDecimals) return plain;
    const [long, short] = left.places >= right.places ? [left, right] : [right, left];
    const enough = significantDigits(short.value, short.places) >= rules.significantDigits;
    return enough && roundsTo(long.value, short.value, short.places)
      ? answer(true, "decimal", "equal after rounding")
      : plain;
  }
  const written = left ?? right!;
  const other = left === null ? x : y;
  if (significantDigits(written.value, written.places) < rules.significantDigits) return plain;
  return rounds(other, written, context)
    ? answer(true, "decimal", "the exact value rounds to the written decimal")
    : plain;
}

type Decimal = { value: Rational; places: number };

/** A literal written with a decimal point, also in scientific notation; null for anything else. */
function decimalOf(node: Node, fuel: Context["fuel"]): Decimal | null {
  if (node.kind === "number") return node.places === null ? null : { value: node.value, places: node.places };
  if (node.kind !== "mul") return null;
  let value = one;
  let places: number | null = null;
  for (const arg of node.args) {
    if (arg.kind === "number" && (arg.places !== null || isMinusOne(arg))) {
      if (arg.places !== null) places = (places ?? 0) + arg.places;
      value = multiply(value, arg.value);
    } else if (powerOfTen(arg)) {
      const exponent = exact(arg.args[1]!, fuel);
      if (exponent === null || exponent.q !== 1n || exponent.p > 1000n || exponent.p < -1000n) return null;
      places = (places ?? 0) - Number(exponent.p);
      value = multiply(value, power(rational(10n), exponent.p));
    } else return null;
  }
  return places === null ? null : { value, places };
}

/** The exact value as a fraction: itself, or the middle of its ball. Integers are never met by tolerance. */
function approximate(node: Node, context: Context): Rational | null {
  const value = valueOf(node, context.fuel);
  if (value === "undefined") return null;
  if (value !== null) return value;
  const ball = constantValue(node, context.fuel);
  if (ball === null || ball.im !== 0n || ball.error > 2 ** 100) return null;
  return rational(ball.re, complex.one.re);
}

function rounds(node: Node, written: Decimal, context: Context): boolean {
  const value = approximate(node, context);
  if (value === null || value.q === 1n) return false;
  return roundsTo(value, written.value, written.places);
}

function roundedEqual(x: Node, y: Node, places: number, context: Context): boolean {
  if (symbols(x).size + symbols(y).size > 0) return false;
  const literal = x.kind === "number" && x.places !== null || y.kind === "number" && y.places !== null;
  const [a, b] = [approximate(x, context), approximate(y, context)];
  if (!literal || a === null || b === null) return false;
  const irrational = valueOf(x, context.fuel) === null || valueOf(y, context.fuel) === null;
  if (irrational && context.rules.significantDigits === Infinity) return false;
  const scale = rational(10n ** BigInt(places));
  return nearest(multiply(a, scale)) === nearest(multiply(b, scale));
}

/** Half to even, as Python rounds. */
function nearest(a: Rational): bigint {
  const twice = 2n * a.p + a.q;
  const floor = twice >= 0n ? twice / (2n * a.q) : -((-twice + 2n * a.q - 1n) / (2n * a.q));
  const tie = twice % (2n * a.q) === 0n;
  return tie && floor % 2n !== 0n ? floor - 1n : floor;
}

/** Whether y is within the relative tolerance of x times a scale. */
function close(x: Node, y: Node, scale: Rational, context: Context): boolean {
  const [a, b] = [approximate(x, context), approximate(y, context)];
  if (a === null || b === null) return false;
  const limit = rational(BigInt(Math.round(context.rules.relativeTolerance * 1e12)), 10n ** 12n);
  const gold = multiply(a, scale);
  const difference = rational(gold.p * b.q - b.p * gold.q, gold.q * b.q);
  const [d, s] = [difference.p < 0n ? -difference.p : difference.p, gold.p < 0n ? -gold.p : gold.p];
  return d * gold.q * limit.q <= limit.p * s * difference.q;
}
