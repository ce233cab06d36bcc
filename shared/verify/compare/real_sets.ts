// What expressions, set notation and inequalities mean as sets of real numbers.

import { type Builder, type Node, type RelationOp, substitute, symbols } from "../tree/node.ts";
import * as complex from "../values/complex.ts";
import type { Fuel } from "../tree/fuel.ts";
import { constantValue, valueOf } from "../values/identity.ts";
import * as intervals from "../values/intervals.ts";
import {
  complement,
  type End,
  intersection,
  interval,
  isComplex,
  minus,
  plus,
  pointAt,
  type RealSet,
  union,
} from "../values/intervals.ts";
import { key } from "../tree/key.ts";
import { type Rational, rational } from "../tree/rational.ts";

function endOf(node: Node, fuel: Fuel): End | null {
  const name = key(node, fuel);
  if (name === "#inf") return plus;
  if (name === "(* -1 #inf)") return minus;
  if (symbols(node).size > 0) return null;
  const exact = valueOf(node, fuel);
  if (exact === "undefined") return null;
  const value = exact ?? constantValue(node, fuel);
  if (value === null || ("re" in value && value.im !== 0n)) return null;
  return { infinite: 0, node, value };
}

/** The set of reals that a node denotes, or null. */
export function realSet(node: Node, b: Builder, fuel: Fuel): RealSet | null {
  try {
    return read(node, b, fuel);
  } catch (error) {
    if (error instanceof intervals.Unordered) return null;
    throw error;
  }
}

function read(node: Node, b: Builder, fuel: Fuel): RealSet | null {
  fuel.spend(5);
  switch (node.kind) {
    case "realm":
      return node.name === "R" ? intervals.everything : node.name === "0" ? [] : null;
    case "tuple": {
      if (node.args.length !== 2) return null;
      const [low, high] = [endOf(node.args[0]!, fuel), endOf(node.args[1]!, fuel)];
      return low === null || high === null
        ? null
        : interval(low, high, node.open === "(", node.close === ")");
    }
    case "set": {
      let all: RealSet = [];
      for (const arg of node.args) {
        const end = endOf(arg, fuel);
        if (end === null || end.infinite !== 0) return null;
        all = union(all, pointAt(end));
      }
      return all;
    }
    case "setop": {
      const [x, y] = [read(node.args[0]!, b, fuel), read(node.args[1]!, b, fuel)];
      if (x === null || y === null) return null;
      return node.op === "union" ? union(x, y) : intersection(x, node.op === "minus" ? complement(y) : y);
    }
    case "builder":
      return node.args.length < 2 ? null : conditions(node.args.slice(1), ",", b, fuel);
    case "list":
      return conditions(node.args, node.joined, b, fuel);
    case "relation":
      return inequality(node, b, fuel);
    default: {
      const end = endOf(node, fuel);
      return end === null || end.infinite !== 0 ? null : pointAt(end); // {2} that lost its backslashes
    }
  }
}

function conditions(nodes: readonly Node[], joined: string, b: Builder, fuel: Fuel): RealSet | null {
  let all: RealSet | null = null;
  let name = "";
  for (const node of nodes) {
    if (node.kind !== "relation" && node.kind !== "list") return null;
    const unknown = [...symbols(node)].sort().join(" ");
    if (name !== "" && unknown !== name) return null;
    name = unknown;
    const part = read(node, b, fuel);
    if (part === null) return null;
    all = all === null
      ? part
      : joined === "or" || joined === ";"
      ? union(all, part)
      : intersection(all, part);
  }
  return all;
}

const flipped: Partial<Record<RelationOp, RelationOp>> = {
  "<": ">",
  ">": "<",
  "<=": ">=",
  ">=": "<=",
  "!=": "!=",
  "=": "=",
};

/** A chain of inequalities in one unknown: each link is solved and the results are intersected. */
function inequality(node: Node & { kind: "relation" }, b: Builder, fuel: Fuel): RealSet | null {
  if (node.ops.length === 1 && node.ops[0] === "in") return read(node.args[1]!, b, fuel);
  let all = intervals.everything;
  for (const [i, op] of node.ops.entries()) {
    const part = link(node.args[i]!, op, node.args[i + 1]!, b, fuel);
    if (part === null) return null;
    all = intersection(all, part);
  }
  return all;
}

function link(left: Node, op: RelationOp, right: Node, b: Builder, fuel: Fuel): RealSet | null {
  const end = endOf(right, fuel);
  if (end === null) {
    const other = flipped[op];
    return other === undefined || endOf(left, fuel) === null
      ? linear(left, op, right, b, fuel)
      : link(right, other, left, b, fuel);
  }
  if (left.kind === "call" && left.name === "abs" && isName(left.args[0]!)) return absolute(op, end, b);
  if (!isName(left)) return linear(left, op, right, b, fuel);
  return ray(op, end);
}

const isName = (node: Node): boolean => node.kind === "symbol" || node.kind === "apply";

function ray(op: RelationOp, end: End): RealSet | null {
  switch (op) {
    case "<":
      return interval(minus, end, true, true);
    case "<=":
      return interval(minus, end, true, false);
    case ">":
      return interval(end, plus, true, true);
    case ">=":
      return interval(end, plus, false, true);
    case "!=":
      return complement(pointAt(end));
    case "=":
      return pointAt(end);
    default:
      return null;
  }
}

/** |x| op c */
function absolute(op: RelationOp, end: End, b: Builder): RealSet | null {
  if (end.node === null || end.value === null) return null;
  const negative: End = {
    infinite: 0,
    node: b.negative(end.node),
    value: isComplex(end.value) ? complex.negate(end.value) : rational(-end.value.p, end.value.q),
  };
  const [upper, lower] = [ray(op, end), ray(flipped[op] ?? op, negative)];
  if (upper === null || lower === null) return null;
  return op === "<" || op === "<="
    ? intersection(upper, lower)
    : op === "=" || op === ">" || op === ">="
    ? union(upper, lower)
    : null;
}

/** a x + c op 0 with rational a and c, found from two values and checked at a third. */
function linear(left: Node, op: RelationOp, right: Node, b: Builder, fuel: Fuel): RealSet | null {
  const names = [...symbols(left), ...symbols(right)];
  const [name] = names;
  if (name === undefined || new Set(names).size !== 1) return null;
  const difference = b.sum(left, b.negative(right));
  const at = (x: bigint): Rational | null => {
    const value = valueOf(substitute(difference, name, b.number(rational(x)), b), fuel);
    return value === "undefined" ? null : value;
  };
  const [c, one, two] = [at(0n), at(1n), at(2n)];
  if (c === null || one === null || two === null) return null;
  const slope = rational(one.p * c.q - c.p * one.q, one.q * c.q);
  const second = rational(two.p * one.q - one.p * two.q, one.q * two.q);
  if (slope.p === 0n || slope.p !== second.p || slope.q !== second.q) return null;
  const end: End = { infinite: 0, node: null, value: rational(-c.p * slope.q, c.q * slope.p) };
  const direction = slope.p > 0n ? op : flipped[op];
  return direction === undefined ? null : ray(direction, { ...end, node: b.number(end.value as Rational) });
}
