// Python's operators on the values of a template.

import { contains } from "./filters.ts";
import {
  bool,
  equal,
  Float,
  int,
  isInt,
  isList,
  isNumber,
  isStr,
  less,
  List,
  str,
  toStr,
  type Value,
} from "./values.ts";

/** @throws TypeError for operands that Python refuses */
export function binary(operator: string, left: Value, right: Value): Value {
  switch (operator) {
    case "==":
      return bool(equal(left, right));
    case "!=":
      return bool(!equal(left, right));
    case "in":
      return bool(contains(right, left));
    case "not in":
      return bool(!contains(right, left));
    case "~":
      return str(toStr(left) + toStr(right));
    case "<":
      return bool(less(left, right));
    case ">":
      return bool(less(right, left));
    case "<=":
      return bool(less(left, right) || equal(left, right));
    case ">=":
      return bool(less(right, left) || equal(left, right));
  }
  if (operator === "+" && isStr(left) && isStr(right)) return str(left.value + right.value);
  if (operator === "+" && isList(left) && left.type === right.type) {
    return new (left.constructor as typeof List)([...left.value, ...right.value as Value[]]);
  }
  if (operator === "*" && isStr(left) && isInt(right)) {
    return str(left.value.repeat(Math.max(0, right.value)));
  }
  if (isNumber(left) && isNumber(right)) return arithmetic(operator, left, right);
  throw new TypeError(`unsupported operand types for ${operator}: ${left.type} and ${right.type}`);
}

function arithmetic(operator: string, left: Value, right: Value): Value {
  const [a, b] = [Number(left.value), Number(right.value)];
  if (b === 0 && ["/", "//", "%"].includes(operator)) throw new TypeError("division by zero");
  const of: Record<string, () => number> = {
    "+": () => a + b,
    "-": () => a - b,
    "*": () => a * b,
    "/": () => a / b,
    "//": () => Math.floor(a / b),
    "%": () => a - b * Math.floor(a / b),
    "**": () => a ** b,
  };
  if (!of[operator]) throw new TypeError(`the operator ${operator} is not implemented`);
  const float = operator === "/" || (operator === "**" && b < 0) ||
    [left, right].some(({ type }) => type === "FloatValue");
  return float ? new Float(of[operator]!()) : int(of[operator]!());
}
