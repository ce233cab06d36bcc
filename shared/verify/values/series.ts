// Exact sums, products and integrals of polynomials.

import type { Node } from "../tree/node.ts";
import { type Fuel, LimitError, limits } from "../tree/fuel.ts";
import * as rational from "../tree/rational.ts";
import type { Rational } from "../tree/rational.ts";

/** Values of names. */
export type Environment = { get(name: string): Rational | undefined };

/** The exact value of a tree, or null. */
type Exact = (node: Node, fuel: Fuel, env: Environment) => Rational | null;

const integer = (p: bigint): Rational => ({ p, q: 1n });

/** The values with that of an index. */
export const withIndex = (env: Environment, index: string, value: Rational): Environment => ({
  get: (name) => name === index ? value : env.get(name),
});

/** A sum or product whose bounds are integers, term by term. */
export function series(
  node: Node & { kind: "big" },
  exact: Exact,
  fuel: Fuel,
  env: Environment,
): Rational | null {
  const [body, from, to] = node.args;
  const lower = exact(from!, fuel, env);
  const upper = exact(to!, fuel, env);
  if (lower === null || upper === null || lower.q !== 1n || upper.q !== 1n) return null;
  if (upper.p - lower.p >= BigInt(limits.terms)) throw new LimitError("terms");
  let total = node.op === "sum" ? rational.zero : rational.one;
  for (let k = lower.p; k <= upper.p; k++) {
    const term = exact(body!, fuel, withIndex(env, node.index, integer(k)));
    if (term === null) return null;
    fuel.spend(2 + (rational.bits(total.p) + rational.bits(total.q) >> 7));
    total = node.op === "sum" ? rational.add(total, term) : rational.multiply(total, term);
  }
  return total;
}

/** Highest degree of an integrand. */
const maxDegree = 16;

/** The integral of a polynomial, from its forward differences; null for any other integrand. */
export function integral(
  node: Node & { kind: "big" },
  exact: Exact,
  fuel: Fuel,
  env: Environment,
): Rational | null {
  const [body, from, to] = node.args;
  const lower = exact(from!, fuel, env);
  const upper = exact(to!, fuel, env);
  if (lower === null || upper === null) return null;
  let row: Rational[] = [];
  for (let k = 0; k <= maxDegree + 4; k++) {
    const value = exact(body!, fuel, withIndex(env, node.index, integer(BigInt(k))));
    if (value === null) return null;
    row.push(value);
  }
  // Newton: f(x) = sum of difference_k * x (x - 1) ... (x - k + 1) / k!
  const polynomial: Rational[] = [];
  let basis: Rational[] = [rational.one];
  for (let k = 0; row.length > 0; k++) {
    const difference = row[0]!;
    if (k > maxDegree && difference.p !== 0n) return null;
    for (const [i, c] of basis.entries()) {
      polynomial[i] = rational.add(polynomial[i] ?? rational.zero, rational.multiply(c, difference));
    }
    const scale = { p: 1n, q: BigInt(k + 1) };
    const shifted = [rational.zero, ...basis];
    const lowered = basis.map((c) => rational.multiply(c, integer(BigInt(-k))));
    basis = shifted.map((c, i) => rational.multiply(rational.add(c, lowered[i] ?? rational.zero), scale));
    const previous = row;
    row = row.slice(1).map((value, i) => rational.add(value, rational.negate(previous[i]!)));
    fuel.spend(50);
  }
  const primitive = (x: Rational): Rational =>
    polynomial.reduceRight((sum, c, i) => {
      const term = rational.divide(c, integer(BigInt(i + 1)));
      return rational.multiply(x, rational.add(sum, term));
    }, rational.zero);
  return rational.add(primitive(upper), rational.negate(primitive(lower)));
}
