// Canonical text of a tree: equal keys mean equal trees up to order, grouping, signs and how numbers are written.

import type { Node } from "./node.ts";
import type { Fuel } from "./fuel.ts";
import { multiply, one, type Rational } from "./rational.ts";

const text = (value: Rational): string => value.q === 1n ? `${value.p}` : `${value.p}/${value.q}`;

/** The canonical key of a tree. */
export function key(node: Node, fuel: Fuel): string {
  fuel.spend(1);
  const keys = (): string[] => node.args.map((arg) => key(arg, fuel));
  switch (node.kind) {
    case "number":
      return text(node.value);
    case "symbol":
      return node.name;
    case "constant":
      return `#${node.name}`;
    case "add":
      return `(+ ${keys().sort().join(" ")})`;
    case "mul":
    case "div":
      return product(node, fuel);
    case "set":
      return `{${[...new Set(keys())].sort().join(" ")}}`;
    case "list":
      return `(list ${node.joined === "," ? "" : node.joined} ${keys().sort().join(" ")})`;
    case "setop":
      return node.op === "minus" ? `(minus ${keys().join(" ")})` : `(${node.op} ${keys().sort().join(" ")})`;
    case "tuple":
      return `${node.open}${keys().join(" ")}${node.close}`;
    case "relation":
      return `(rel ${node.ops.join(" ")} ${keys().join(" ")})`;
    case "call":
    case "apply":
      return `(${node.kind} ${node.name} ${keys().join(" ")})`;
    case "big":
      return `(${node.op} ${node.index} ${keys().join(" ")})`;
    case "numeral":
      return `${node.digits}_${node.base}`;
    case "unit":
      return `(unit ${node.unit.replaceAll(" ", "")} ${keys().join(" ")})`;
    case "text":
      return `"${node.text.toLowerCase()}"`;
    case "phrase":
      return `("${node.words}" ${keys().join(" ")})`;
    case "choice":
      return `(choice ${node.letter} ${keys().join(" ")})`;
    case "realm":
      return `#${node.name}`;
    case "matrix":
      return `[${node.rows}x${node.columns} ${keys().join(" ")}]`;
    case "plusminus":
      return `(pm${node.sign} ${keys().join(" ")})`;
    default:
      return `(${node.kind} ${keys().join(" ")})`;
  }
}

/** Products and quotients share one form: a rational coefficient and sorted factors with their exponents. */
function product(node: Node, fuel: Fuel): string {
  let coefficient = one;
  const factors = new Map<string, number>();
  const visit = (part: Node, exponent: 1 | -1): void => {
    if (part.kind === "mul") { for (const arg of part.args) visit(arg, exponent); }
    else if (part.kind === "div") {
      visit(part.args[0]!, exponent);
      visit(part.args[1]!, exponent === 1 ? -1 : 1);
    } else if (part.kind === "number" && part.value.p !== 0n) {
      const { p, q } = part.value;
      const inverse = p < 0n ? { p: -q, q: -p } : { p: q, q: p };
      coefficient = multiply(coefficient, exponent === 1 ? part.value : inverse);
    } else {
      const name = key(part, fuel);
      factors.set(name, (factors.get(name) ?? 0) + exponent);
    }
  };
  visit(node, 1);
  const names = [...factors].map(([name, exponent]) => exponent === 1 ? name : `${name}^${exponent}`).sort();
  if (names.length === 0) return text(coefficient);
  if (coefficient.p === 1n && coefficient.q === 1n && names.length === 1 && !names[0]!.endsWith("^0")) {
    return names[0]!;
  }
  return `(* ${text(coefficient)} ${names.join(" ")})`;
}
