// Two scalar answers: percent signs, degrees, units, written decimals and words, on top of plain identity.

import { type Node, some } from "../tree/node.ts";
import { divide, rational } from "../tree/rational.ts";
import { measureOf, sameLabel } from "../read/units.ts";
import { type Answer, answer, valueOf } from "../values/identity.ts";
import type { Context } from "./context.ts";
import { isLiteral, isPi, isWrapper } from "./literals.ts";
import { numbers } from "./numbers.ts";

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
  const [share, other] = g.percent ? [g, p] : [p, g];
  if (rules.units && share.unit === null && (other.unit !== null || other.degrees)) {
    return answer(false, "structure", "a share against a quantity");
  }
  const whole = numbers(x, y, context);
  // 46% answers 46 and 0.46; but 0.46% is no answer to the share 0.46.
  const isProperShare = p.percent && isShare(x, context);
  if (rules.percent === "stripped" || (rules.percent === "either" && whole.same === true && !isProperShare)) {
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
