// Are two scalar expressions the same function? Tries the cheap and exact means first.

import { type Node, some, symbols } from "../tree/node.ts";
import * as complex from "./complex.ts";
import type { Complex } from "./complex.ts";
import { exact, UndefinedError } from "./exact.ts";
import { type Fuel, LimitError } from "../tree/fuel.ts";
import { key } from "../tree/key.ts";
import { fingerprints } from "./modular.ts";
import { evaluate, type Point } from "./numeric.ts";
import { equal, type Rational } from "../tree/rational.ts";

/** The means by which a comparison was decided, from cheap to dear. */
export type Tier =
  | "text"
  | "canonical"
  | "rational"
  | "modular"
  | "numeric"
  | "decimal"
  | "structure"
  | "none";

export type Answer = { same: boolean | "undecided"; tier: Tier; reason: string };

export const answer = (same: Answer["same"], tier: Tier, reason: string): Answer => ({ same, tier, reason });

/** The exact value of a constant expression; null when it is not rational, "undefined" when it has no value. */
export function valueOf(node: Node, fuel: Fuel): Rational | null | "undefined" {
  try {
    return exact(node, fuel);
  } catch (error) {
    if (error instanceof UndefinedError) return "undefined";
    if (error instanceof LimitError && error.limit !== "fuel") return null;
    throw error;
  }
}

/** Compares two scalar expressions as mathematical functions of their symbols. */
export function identical(a: Node, b: Node, fuel: Fuel): Answer {
  fuel.spend(10);
  const [x, y] = [valueOf(a, fuel), valueOf(b, fuel)];
  if (x === "undefined" || y === "undefined") {
    return answer(x === y, "rational", "an expression without a value");
  }
  if (x !== null && y !== null) {
    return answer(equal(x, y), "rational", equal(x, y) ? "the same number" : "different numbers");
  }
  if (key(a, fuel) === key(b, fuel)) {
    return answer(true, "canonical", "the same expression up to order and writing");
  }
  const prints = fingerprints(a, b, fuel);
  if (prints === "equal") return answer(true, "modular", "equal modulo two primes at random residues");
  if (prints === "different") return answer(false, "modular", "different modulo a prime");
  return sampled(a, b, fuel);
}

/** Ranges of the sample points in order; both signs come early, so that |x| and x are told apart. */
const ranges: readonly (readonly [number, number])[] = [
  [0.5, 1.5],
  [-2, -0.5],
  [1.5, 4],
  [0.05, 0.95],
  [-0.95, -0.05],
  [5, 20],
  [2, 3],
  [-12, -4],
  [0.2, 0.4],
  [30, 90],
  [1, 1.2],
  [-40, 40],
];
const wanted = 4;

/** Values at fixed pseudo-random points, to 256 bits with an error bound. */
function sampled(a: Node, b: Node, fuel: Fuel): Answer {
  const names = new Set([...symbols(a), ...symbols(b)]);
  const opaque = (node: Node): boolean => node.kind === "apply";
  const constant = names.size === 0 && !some(a, opaque) && !some(b, opaque);
  const imaginary = some(a, isI) || some(b, isI);
  let agreed = 0;
  const whole = some(a, isCounting) || some(b, isCounting);
  for (const [index, range] of ranges.entries()) {
    const point = whole ? integerPoint(index) : samplePoint(index, range);
    const [x, y] = [valueAt(a, point, fuel), valueAt(b, point, fuel)];
    if (x === null || y === null) {
      if (constant) break;
      continue;
    }
    if (!constant && !imaginary && (!complex.isReal(x) || !complex.isReal(y))) continue;
    const relation = complex.relation(x, y);
    if (relation === "different") {
      return answer(false, "numeric", constant ? "different values" : "different at a sample point");
    }
    if (relation === "equal" && constant) return answer(true, "numeric", "equal to 30 digits");
    if (relation === "equal" && ++agreed >= wanted && index >= wanted) break;
    if (constant) break;
  }
  if (agreed >= 2) return answer(true, "numeric", `equal to 30 digits at ${agreed} sample points`);
  return answer("undecided", "none", "no common value could be computed");
}

/** Factorials and binomials of unknowns are compared at integers. */
const isCounting = (node: Node): boolean =>
  node.kind === "call" && (node.name === "factorial" || node.name === "binom") && symbols(node).size > 0;

/** Small natural numbers; those called n, m or N are larger, as in a binomial. */
function integerPoint(index: number): Point {
  return (name) => {
    const base = /^[nmN]/.test(name) ? 9 : 2;
    return complex.fromRational({ p: BigInt(base + (index * 5 + name.charCodeAt(0) * 3) % 7), q: 1n });
  };
}

const isI = (node: Node): boolean => node.kind === "constant" && node.name === "i";

function valueAt(node: Node, point: Point, fuel: Fuel): Complex | null {
  try {
    return evaluate(node, point, fuel);
  } catch (error) {
    if (error instanceof UndefinedError || (error instanceof LimitError && error.limit !== "fuel")) {
      return null;
    }
    throw error;
  }
}

/** The value of a constant expression with its error bound, or null. */
export const constantValue = (node: Node, fuel: Fuel): Complex | null =>
  symbols(node).size > 0 ? null : valueAt(node, samplePoint(0, ranges[0]!), fuel);

function samplePoint(index: number, [low, high]: readonly [number, number]): Point {
  const known = new Map<string, Complex>();
  return (name) => {
    let value = known.get(name);
    if (value === undefined) {
      let hash = Math.imul(index + 1, 0x9e3779b1);
      for (let i = 0; i < name.length; i++) {
        hash = Math.imul(hash ^ name.charCodeAt(i), 0x85ebca6b) ^ (hash >>> 15);
      }
      const fraction = (Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) >>> 0) / 2 ** 32;
      const thousandths = BigInt(Math.round((low + (high - low) * fraction) * 100_003));
      value = complex.fromRational({ p: thousandths, q: 100_003n });
      known.set(name, value);
    }
    return value;
  };
}
