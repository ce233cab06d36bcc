// Exact value of a tree without free symbols, as a fraction of big integers; null when it is not rational.

import type { Node } from "../tree/node.ts";
import { type Fuel, LimitError, limits } from "../tree/fuel.ts";
import { type Environment, integral, series } from "./series.ts";
import * as rational from "../tree/rational.ts";
import type { Rational } from "../tree/rational.ts";

/** Thrown where an expression has no value, such as a division by zero. */
export class UndefinedError extends Error {}

/** What `compute` gives, or null where there is no value, or none that fits a limit; running out of fuel is thrown on. */
export function valueOrNull<T>(compute: () => T): T | null {
  try {
    return compute();
  } catch (error) {
    if (error instanceof UndefinedError || (error instanceof LimitError && error.limit !== "fuel")) {
      return null;
    }
    throw error;
  }
}

const empty: Environment = new Map<string, Rational>();

const integer = (p: bigint): Rational => ({ p, q: 1n });

/** The exact value, or null. Throws UndefinedError, and LimitError when the value is too long to write down. */
export function exact(node: Node, fuel: Fuel, env: Environment = empty): Rational | null {
  fuel.spend(1);
  switch (node.kind) {
    case "number":
      return node.value;
    case "symbol":
      return env.get(node.name) ?? null;
    case "constant":
      return node.name === "i" || node.name === "e" ? env.get(node.name) ?? null : null;
    case "numeral":
      return numeral(node.digits, node.base);
    case "add":
    case "mul": {
      let total = node.kind === "add" ? rational.zero : rational.one;
      for (const arg of node.args) {
        const value = exact(arg, fuel, env);
        if (value === null) return null;
        fuel.spend(1 + (rational.bits(value.p) + rational.bits(total.p) >> 8));
        total = node.kind === "add" ? rational.add(total, value) : rational.multiply(total, value);
      }
      return total;
    }
    case "div": {
      const [a, b] = pair(node, fuel, env);
      if (a === null || b === null) return null;
      if (b.p === 0n) throw new UndefinedError("division by zero");
      return rational.divide(a, b);
    }
    case "pow": {
      const [a, b] = pair(node, fuel, env);
      return a === null || b === null ? null : power(a, b, fuel);
    }
    case "root": {
      const [a, n] = pair(node, fuel, env);
      if (a === null || n === null || n.q !== 1n || n.p < 1n || n.p > 1000n) return null;
      return root(a, Number(n.p), fuel);
    }
    case "percent": {
      const value = exact(node.args[0]!, fuel, env);
      return value === null ? null : rational.divide(value, integer(100n));
    }
    case "unit":
      return exact(node.args[0]!, fuel, env);
    case "call":
      return call(node.name, node.args, fuel, env);
    case "big":
      if (node.op === "int") return integral(node, exact, fuel, env);
      return node.op === "lim" ? null : series(node, exact, fuel, env);
    case "ratio": {
      const [a, b] = pair(node, fuel, env);
      if (a === null || b === null || node.args.length !== 2) return null;
      if (b.p === 0n) throw new UndefinedError("ratio to zero");
      return rational.divide(a, b);
    }
    default:
      return null;
  }
}

function pair(node: Node, fuel: Fuel, env: Environment): [Rational | null, Rational | null] {
  const first = exact(node.args[0]!, fuel, env);
  return [first, first === null ? null : exact(node.args[1]!, fuel, env)];
}

/** The value of digits 0-9, A-Z in a base; null when a digit is too large for it. */
function numeral(digits: string, base: number): Rational | null {
  let value = 0n;
  for (const c of digits.toLowerCase()) {
    const digit = c >= "a" ? c.charCodeAt(0) - 87 : c.charCodeAt(0) - 48;
    if (digit < 0 || digit >= base) return null;
    value = value * BigInt(base) + BigInt(digit);
  }
  return rational.rational(value);
}

function power(a: Rational, b: Rational, fuel: Fuel): Rational | null {
  if (b.q !== 1n) {
    if (b.q > 1000n || a.p < 0n) return null;
    const base = root(a, Number(b.q), fuel);
    return base === null ? null : power(base, integer(b.p), fuel);
  }
  if (a.p === 0n && b.p <= 0n) {
    if (b.p === 0n) return rational.one;
    throw new UndefinedError("zero to a negative power");
  }
  const result = rational.power(a, b.p);
  fuel.spend(1 + (rational.bits(result.p) + rational.bits(result.q) >> 6));
  return result;
}

function root(a: Rational, n: number, fuel: Fuel): Rational | null {
  fuel.spend(2 + (rational.bits(a.p) + rational.bits(a.q) >> 5));
  const p = rational.exactRoot(a.p, n);
  const q = p === null ? null : rational.exactRoot(a.q, n);
  return p === null || q === null ? null : { p, q };
}

function call(name: string, args: readonly Node[], fuel: Fuel, env: Environment): Rational | null {
  const values: Rational[] = [];
  for (const arg of args) {
    const value = exact(arg, fuel, env);
    if (value === null) return null;
    values.push(value);
  }
  const [a, b] = values;
  if (a === undefined) return null;
  switch (name) {
    case "abs":
      return a.p < 0n ? rational.negate(a) : a;
    case "floor":
      return integer(rational.floor(a));
    case "ceil":
      return integer(-rational.floor(rational.negate(a)));
    case "sgn":
      return integer(a.p < 0n ? -1n : a.p > 0n ? 1n : 0n);
    case "max":
    case "min":
      return values.reduce((x, y) => rational.order(x, y) < 0 === (name === "max") ? y : x);
    case "gcd":
    case "lcm":
      return values.every(rational.isInteger)
        ? integer(values.map((v) => v.p).reduce(name === "gcd" ? rational.gcd : lcm))
        : null;
    case "mod":
      if (b === undefined || b.p === 0n) return null;
      return rational.add(
        a,
        rational.negate(rational.multiply(b, integer(rational.floor(rational.divide(a, b))))),
      );
    case "factorial":
      return a.q === 1n && a.p >= 0n ? integer(factorial(a.p, fuel)) : null;
    case "factorial2":
      return a.q === 1n && a.p >= -1n ? integer(doubleFactorial(a.p, fuel)) : null;
    case "gamma":
      return a.q === 1n && a.p > 0n ? integer(factorial(a.p - 1n, fuel)) : null;
    case "binom":
      return b === undefined || b.q !== 1n || a.q !== 1n ? null : integer(binomial(a.p, b.p, fuel));
    case "log":
      return b === undefined ? null : logarithm(a, b);
    default:
      return null;
  }
}

function lcm(a: bigint, b: bigint): bigint {
  const product = a * b;
  return product === 0n ? 0n : (product < 0n ? -product : product) / rational.gcd(a, b);
}

function factorial(n: bigint, fuel: Fuel): bigint {
  if (n > BigInt(limits.terms)) throw new LimitError("terms");
  fuel.spend(Number(n));
  let product = 1n;
  for (let k = 2n; k <= n; k++) product *= k;
  return rational.rational(product).p;
}

/** n (n - 2) (n - 4) ... */
function doubleFactorial(n: bigint, fuel: Fuel): bigint {
  if (n > BigInt(limits.terms)) throw new LimitError("terms");
  fuel.spend(Number(n > 0n ? n : 1n));
  let product = 1n;
  for (let k = n; k > 1n; k -= 2n) product *= k;
  return rational.rational(product).p;
}

function binomial(n: bigint, k: bigint, fuel: Fuel): bigint {
  if (k < 0n) return 0n;
  if (n >= 0n && k > n) return 0n;
  const steps = n >= 0n && n - k < k ? n - k : k;
  if (steps > BigInt(limits.terms)) throw new LimitError("terms");
  fuel.spend(Number(steps) * 2);
  let result = 1n;
  for (let i = 1n; i <= steps; i++) {
    result = result * (n - steps + i) / i;
    if (i % 64n === 0n) rational.rational(result);
  }
  return rational.rational(result).p;
}

/** log_b a when it is an integer or a simple fraction; found by repeated multiplication. */
function logarithm(a: Rational, b: Rational): Rational | null {
  if (a.p <= 0n || b.p <= 0n || (b.p === 1n && b.q === 1n)) return null;
  if (a.p === a.q) return rational.zero;
  for (let n = 1n; n <= 64n; n++) {
    const up = rational.power(b, n);
    if (rational.equal(up, a)) return integer(n);
    if (rational.equal(up, { p: a.q, q: a.p })) return integer(-n);
    if (rational.bits(up.p) > rational.bits(a.p) + 64 && rational.bits(up.q) > rational.bits(a.q) + 64) {
      return null;
    }
  }
  return null;
}
