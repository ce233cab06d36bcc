// Are two scalar expressions the same function? Tries the cheap and exact means first.

import { type Node, some, symbols } from "../tree/node.ts";
import * as complex from "./complex.ts";
import type { Complex } from "./complex.ts";
import { exact, UndefinedError, valueOrNull } from "./exact.ts";
import { type Fuel, LimitError } from "../tree/fuel.ts";
import { key } from "../tree/key.ts";
import { fingerprints } from "./modular.ts";
import { evaluateNode, type Point } from "./numeric.ts";
import { anyPoint, constantPlan, planFor } from "./sampling.ts";
import { equal, type Rational } from "../tree/rational.ts";

/** The means by which a comparison was decided, from cheap to expensive. */
export type Tier =
  | "text"
  | "canonical"
  | "rational"
  | "modular"
  | "numeric"
  | "decimal"
  | "structure"
  | "choice"
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
    const isSame = x === y && key(a, fuel) === key(b, fuel);
    return answer(isSame, "rational", "an expression without a value");
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

/** Values at fixed pseudo-random points, to 256 bits with an error bound. */
function sampled(a: Node, b: Node, fuel: Fuel): Answer {
  const names = new Set([...symbols(a), ...symbols(b)]);
  const opaque = (node: Node): boolean => node.kind === "apply";
  const constant = names.size === 0 && !some(a, opaque) && !some(b, opaque);
  const imaginary = some(a, isI) || some(b, isI);
  let agreed = 0;
  const plan = constant ? constantPlan : planFor(a, b);
  for (let index = 0; index < plan.points; index++) {
    const point = plan.at(index);
    const [x, y] = constant
      ? [constantOf(a, fuel), constantOf(b, fuel)]
      : [valueAt(a, point, fuel), valueAt(b, point, fuel)];
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
    if (relation === "equal" && ++agreed >= plan.wanted && index >= plan.wanted) break;
    if (constant) break;
  }
  if (agreed >= 2) return answer(true, "numeric", `equal to 30 digits at ${agreed} sample points`);
  return answer("undecided", "none", "no common value could be computed");
}

const isI = (node: Node): boolean => node.kind === "constant" && node.name === "i";

const valueAt = (node: Node, point: Point, fuel: Fuel): Complex | null =>
  valueOrNull(() => evaluateNode(node, point, fuel));

/** The value of a constant; the elements of a list are asked for theirs many times. */
function constantOf(node: Node, fuel: Fuel): Complex | null {
  let value = fuel.constants.get(node);
  if (value === undefined) {
    value = valueAt(node, anyPoint(), fuel);
    fuel.constants.set(node, value);
  }
  return value;
}

/** The value at one sample point, or null. */
export const sampleValue = (node: Node, fuel: Fuel): Complex | null =>
  symbols(node).size > 0 ? valueAt(node, anyPoint(), fuel) : constantOf(node, fuel);

/** The value of a constant expression with its error bound, or null. */
export const constantValue = (node: Node, fuel: Fuel): Complex | null =>
  symbols(node).size > 0 ? null : constantOf(node, fuel);
