// Value of a tree at a sample point, with its error bound; null where it has none or cannot be computed.

import type { Node } from "../tree/node.ts";
import * as complex from "./complex.ts";
import type { Complex } from "./complex.ts";
import { exact, valueOrNull } from "./exact.ts";
import { type Fuel, LimitError, limits } from "../tree/fuel.ts";
import { call } from "./functions.ts";
import { key } from "../tree/key.ts";
import type { Rational } from "../tree/rational.ts";
import { type Environment, withIndex } from "./series.ts";

/** Gives every free symbol and unknown function value its number, with an error bound and exactly. */
export type Point = { value: (name: string) => Complex; env: Environment };

/** Functions of integers and functions with jumps, which are computed exactly where their arguments are exact. */
const discrete = new Set("floor ceil mod gcd lcm factorial factorial2 binom sgn".split(" "));

/** The value at a point, or null. */
export function evaluateNode(node: Node, point: Point, fuel: Fuel): Complex | null {
  fuel.spend(4);
  switch (node.kind) {
    case "number":
      return complex.fromRational(node.value);
    case "symbol":
      return point.value(node.name);
    case "apply":
      return point.value(key(node, fuel));
    case "constant":
      return node.name === "pi"
        ? complex.pi
        : node.name === "e"
        ? complex.e
        : node.name === "i"
        ? complex.i
        : null;
    case "unit":
    case "degree":
      return evaluateNode(node.args[0]!, point, fuel);
    case "pow":
      return power(node.args[0]!, node.args[1]!, point, fuel);
    case "call":
      if (discrete.has(node.name)) {
        const value = exactOrNull(node, fuel, point.env);
        if (value !== null) return complex.fromRational(value);
      }
      return call(node.name, node.args, (arg) => evaluateNode(arg, point, fuel), fuel);
    case "big":
      return big(node, point, fuel);
    case "numeral": {
      const value = exact(node, fuel);
      return value === null ? null : complex.fromRational(value);
    }
  }
  const values: Complex[] = [];
  for (const arg of node.args) {
    const value = evaluateNode(arg, point, fuel);
    if (value === null) return null;
    values.push(value);
  }
  const [a, b] = values;
  switch (node.kind) {
    case "add":
      return values.reduce(complex.add);
    case "mul":
      return values.reduce(complex.multiply);
    case "div":
      return complex.divide(a!, b!);
    case "ratio":
      return values.length === 2 ? complex.divide(a!, b!) : null;
    case "percent":
      return complex.divide(a!, complex.fromRational({ p: 100n, q: 1n }));
    case "root":
      return root(a!, node.args[1]!, point, fuel);
    default:
      return null;
  }
}

/** The real root where there is one, else the principal one. */
function root(a: Complex, degree: Node, point: Point, fuel: Fuel): Complex | null {
  const n = exact(degree, fuel);
  fuel.spend(80);
  if (n === null || n.q !== 1n || n.p < 1n || n.p > 1000n) {
    const index = evaluateNode(degree, point, fuel);
    const inverse = index === null ? null : complex.divide(complex.one, index);
    return inverse === null ? null : general(a, inverse);
  }
  if (n.p === 2n) return complex.sqrt(a);
  const inverse = complex.fromRational({ p: 1n, q: n.p });
  if (a.im === 0n && a.re < 0n && n.p % 2n === 1n) {
    const positive = general(complex.negate(a), inverse);
    return positive === null ? null : complex.negate(positive);
  }
  return general(a, inverse);
}

function general(a: Complex, exponent: Complex): Complex | null {
  if (complex.mayBeZero(a)) {
    return a.error === 0 && exponent.im === 0n && exponent.re > 0n ? complex.zero : null;
  }
  const logarithm = complex.log(a);
  return logarithm === null ? null : complex.exp(complex.multiply(logarithm, exponent));
}

function power(base: Node, exponent: Node, point: Point, fuel: Fuel): Complex | null {
  const whole = smallInteger(exponent, fuel, point.env);
  if (base.kind === "constant" && base.name === "e" && whole === null) {
    const value = evaluateNode(exponent, point, fuel);
    fuel.spend(60);
    return value === null ? null : complex.exp(value);
  }
  const a = evaluateNode(base, point, fuel);
  if (a === null) return null;
  if (whole !== null) {
    fuel.spend(8 * Math.ceil(Math.log2(Math.abs(whole) + 2)));
    return complex.integerPower(a, whole);
  }
  const b = evaluateNode(exponent, point, fuel);
  fuel.spend(150);
  return b === null ? null : general(a, b);
}

function smallInteger(node: Node, fuel: Fuel, env?: Environment): number | null {
  const value = node.kind === "number" ? node.value : node.depth < 8 ? exactOrNull(node, fuel, env) : null;
  if (value === null || value.q !== 1n || value.p > 100_000n || value.p < -100_000n) return null;
  return Number(value.p);
}

const exactOrNull = (node: Node, fuel: Fuel, env?: Environment): Rational | null =>
  valueOrNull(() => exact(node, fuel, env));

/** Sums and products whose bounds are small integers; the index is an extra point. */
function big(node: Node & { kind: "big" }, point: Point, fuel: Fuel): Complex | null {
  if (node.op === "int") return null;
  const [body, from, to] = node.args;
  if (node.op === "lim" || to === undefined) return null;
  const [lower, upper] = [smallInteger(from!, fuel), smallInteger(to, fuel)];
  if (lower === null || upper === null) return null;
  if (upper - lower >= limits.terms) throw new LimitError("terms");
  let total = node.op === "sum" ? complex.zero : complex.one;
  for (let k = lower; k <= upper; k++) {
    const exact = { p: BigInt(k), q: 1n };
    const index = complex.fromRational(exact);
    const term = evaluateNode(body!, {
      value: (name) => name === node.index ? index : point.value(name),
      env: withIndex(point.env, node.index, exact),
    }, fuel);
    if (term === null) return null;
    total = node.op === "sum" ? complex.add(total, term) : complex.multiply(total, term);
  }
  return total;
}
