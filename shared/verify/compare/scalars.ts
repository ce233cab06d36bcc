// Two scalar answers: percent signs, degrees, units, written decimals and words, on top of plain identity.

import { type Node, some, symbols } from "../tree/node.ts";
import * as complex from "../values/complex.ts";
import { exact } from "../values/exact.ts";
import type { Context } from "./context.ts";
import { type Answer, answer, constantValue, identical, valueOf } from "../values/identity.ts";
import { key } from "../tree/key.ts";
import { roundsTo, significantDigits } from "../read/numerals.ts";
import { divide, multiply, one, power, type Rational, rational } from "../tree/rational.ts";
import { measureOf, sameLabel } from "../read/units.ts";
import { withConstantOf } from "./families.ts";

const hundred = rational(100n);

/** Compares two scalars under the rules of the preset. */
export function compareScalars(gold: Node, given: Node, context: Context): Answer {
  const { rules, builder: b } = context;
  const [g, p] = [stripped(gold, context), stripped(given, context)];
  if (
    rules.operators === "as-gold" && operatorsOf(p.node).some((name) => !operatorsOf(g.node).includes(name))
  ) {
    return answer(false, "structure", "an operation that the gold does not contain was left undone");
  }
  const base = compareNumerals(g.node, p.node, context);
  if (base !== null) return base;
  const literal = isLiteral(g.node);
  const radians = g.degrees && !p.degrees && some(p.node, isPi);
  if (rules.form === "literal" && literal && !isLiteral(p.node) && !radians) {
    return answer(false, "structure", "an expression where a number is asked");
  }
  let [x, y] = [g.node, p.node];
  if (rules.units && g.unit !== null && p.unit !== null) {
    const [from, to] = [measureOf(g.unit), measureOf(p.unit)];
    if (from === null || to === null) {
      if (!sameLabel(g.unit, p.unit)) return answer(false, "structure", "other things are counted");
    } else if (from.dimension !== to.dimension) return answer(false, "structure", "another kind of unit");
    else {
      const ratio = divide(to.scale, from.scale);
      if (ratio.p !== ratio.q) y = b.product(b.number(ratio, y.kind === "number" ? y.places : null), y);
    }
  }
  if (rules.units && g.degrees !== p.degrees) {
    const unit = g.degrees ? p.unit : g.unit;
    const measure = unit === null ? null : measureOf(unit);
    if (
      measure !== null && measure.dimension !== "radians1" && measure.dimension !== "celsius1" &&
      measure.dimension !== "fahrenheit1"
    ) return answer(false, "structure", "another kind of unit");
    if (measure?.dimension === "radians1") {
      const half = b.node({ kind: "div" }, [
        b.node({ kind: "constant", name: "pi" }),
        b.number(rational(180n)),
      ]);
      return numbers(g.degrees ? b.product(x, half) : x, g.degrees ? y : b.product(y, half), context);
    }
  }
  if (
    g.degrees !== p.degrees &&
    some(g.degrees ? y : x, isPi)
  ) {
    const radians = b.node({ kind: "div" }, [
      b.node({ kind: "constant", name: "pi" }),
      b.number(rational(180n)),
    ]);
    if (g.degrees) x = b.product(x, radians);
    else y = b.product(y, radians);
  }
  if (g.percent === p.percent) return numbers(x, y, context);
  const whole = numbers(x, y, context);
  // 46% answers 46 and 0.46; but 0.46% is no answer to the share 0.46.
  const share = p.percent && isShare(x, context);
  if (rules.percent === "stripped" || (rules.percent === "either" && whole.same === true && !share)) {
    return whole;
  }
  const part = (node: Node): Node => b.node({ kind: "div" }, [node, b.number(hundred)]);
  return g.percent ? numbers(part(x), y, context) : numbers(x, part(y), context);
}

/**
 * A gold written in a base asks for its digits, with the base or without. A gold without a base is met by the value of a
 * numeral; one of five or more binary digits also by the same digits with their base.
 */
function compareNumerals(gold: Node, given: Node, context: Context): Answer | null {
  if (context.rules.bases !== "value") return null;
  if (gold.kind === "numeral") {
    const digits = given.kind === "numeral" && given.base === gold.base
      ? given.digits
      : given.kind === "number" && given.places === null && given.value.q === 1n
      ? given.value.p.toString()
      : null;
    if (digits === null) return answer(false, "structure", `not written in base ${gold.base}`);
    const same = withoutZeros(digits) === withoutZeros(gold.digits);
    return answer(same, "structure", same ? "the same digits" : "other digits");
  }
  if (given.kind !== "numeral" || gold.kind !== "number" || gold.places !== null) return null;
  const digits = gold.value.p.toString();
  return given.base === 2 && /^1[01]{4,}$/.test(digits) && !/^10+$/.test(digits) && digits === given.digits
    ? answer(true, "structure", "the same binary digits")
    : null;
}

const withoutZeros = (digits: string): string => digits.replace(/^0+(?=.)/, "");

type Stripped = { node: Node; percent: boolean; degrees: boolean; unit: string | null };

/** The expression inside percent signs, degrees and units at its top. */
function stripped(node: Node, context: Context): Stripped {
  const result: Stripped = { node, percent: false, degrees: false, unit: null };
  while (true) {
    const { node: top } = result;
    if (top.kind === "percent") result.percent = true;
    else if (top.kind === "degree") result.degrees = true;
    else if (top.kind === "unit") result.unit ??= top.unit;
    else if (
      top.kind === "mul" && top.args.length === 2 && isWrapper(top.args[1]!) && top.args[0]!.kind === "number"
    ) {
      // a sign or coefficient in front of the wrapped number
      const inner = top.args[1]!;
      result.node = context.builder.with(inner, [context.builder.product(top.args[0]!, inner.args[0]!)]);
      continue;
    } else if (top.kind === "numeral" && context.rules.bases === "dropped") {
      result.node = context.builder.number(rational(/^\d+$/.test(top.digits) ? BigInt(top.digits) : 0n));
      return result;
    } else return result;
    result.node = top.args[0]!;
  }
}

const isPi = (node: Node): boolean => node.kind === "constant" && node.name === "pi";
const isWrapper = (node: Node): boolean =>
  node.kind === "percent" || node.kind === "degree" || node.kind === "unit";

/** A number strictly between 0 and 1. */
function isShare(node: Node, context: Context): boolean {
  const value = valueOf(node, context.fuel);
  return value !== null && value !== "undefined" && value.p > 0n && value.p < value.q;
}

/** Names of the operations in an expression that a final answer should have carried out. */
function operatorsOf(node: Node, found: string[] = []): string[] {
  if (node.kind === "big") found.push(node.op);
  else if (node.kind === "call" && node.name === "det") found.push("det");
  for (const arg of node.args) operatorsOf(arg, found);
  return found;
}

/** A number as one writes it: an integer, a decimal, a fraction, m x 10^k, all with a sign. */
function isLiteral(node: Node): boolean {
  const part = (x: Node | undefined): boolean => {
    if (x === undefined) return false;
    if (x.kind === "number") return true;
    return x.kind === "mul" && x.args.length === 2 && isMinusOne(x.args[0]!) && x.args[1]!.kind === "number";
  };
  if (part(node) || node.kind === "numeral") return true;
  if (isWrapper(node)) return isLiteral(node.args[0]!);
  if (node.kind === "div") return part(node.args[0]) && part(node.args[1]);
  if (node.kind === "pow") return powerOfTen(node);
  if (node.kind === "mul") {
    const rest = node.args.filter((arg) => !isMinusOne(arg));
    if (rest.length === 1) return isLiteral(rest[0]!);
    return rest.length === 2 && part(rest[0]) && powerOfTen(rest[1]!);
  }
  return node.kind === "ratio" && node.args.every(part);
}

const isMinusOne = (node: Node): boolean =>
  node.kind === "number" && node.value.p === -1n && node.value.q === 1n;
const powerOfTen = (node: Node): boolean =>
  node.kind === "pow" && node.args[0]!.kind === "number" && node.args[0]!.value.p === 10n &&
  node.args[1]!.kind === "number";

function numbers(x: Node, y: Node, context: Context): Answer {
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
