// Where two expressions are compared by value: real numbers, and integers wherever an expression only makes sense
// or only changes there.

import { type Node, some, symbols } from "../tree/node.ts";
import type { Rational } from "../tree/rational.ts";
import { type Complex, fromRational } from "./complex.ts";
import type { Point } from "./numeric.ts";

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

/** How the names of two expressions are sampled. */
export type SamplingPlan = {
  points: number;
  /** How many points must agree before two expressions count as equal. */
  wanted: number;
  at: (index: number) => Point;
};

/** Constants have the same value at every point. */
export const constantPlan: SamplingPlan = { points: 1, wanted: 1, at: () => anyPoint() };

/** The plan for two expressions. */
export function planFor(a: Node, b: Node): SamplingPlan {
  const counting = some(a, isCounting) || some(b, isCounting);
  if (counting) {
    return {
      points: 12,
      wanted: 4,
      at: (index) => pointOf((name) => countingValue(index, name)),
    };
  }
  const whole = new Set<string>();
  const stepped = collectWhole(a, whole) || collectWhole(b, whole);
  if (!stepped && whole.size === 0) {
    return { points: ranges.length, wanted: 4, at: (index) => pointOf((name) => realValue(index, name)) };
  }
  return {
    points: stepped ? 40 : 16,
    wanted: stepped ? 24 : 8,
    at: (index) =>
      pointOf((name) =>
        whole.has(name) || (stepped && index % 2 === 0) ? wholeValue(index, name) : realValue(index, name)
      ),
  };
}

/** The point at which constants are evaluated. */
export const anyPoint = (): Point => pointOf((name) => realValue(0, name));

/** Factorials and binomials of unknowns are compared at integers. */
const isCounting = (node: Node): boolean =>
  node.kind === "call" && /^(?:factorial2?|binom)$/.test(node.name) && symbols(node).size > 0;

/** Letters that usually stand for integers. */
const integerName = /^(?:[i-npqM-N]|[ab](?=_))(?:_|'|$)/;
const steps = new Set(["floor", "ceil", "mod", "gcd", "lcm"]);

/**
 * Adds the names that stand for integers: in the exponent of a negative number, and those called like an integer in a
 * function that is constant between integers. True: there is such a function.
 */
function collectWhole(node: Node, whole: Set<string>): boolean {
  let stepped = false;
  if (node.kind === "call" && steps.has(node.name)) {
    const names = symbols(node);
    stepped = names.size > 0;
    for (const name of names) if (integerName.test(name)) whole.add(name);
  }
  if (node.kind === "pow" && isNegative(node.args[0]!)) {
    for (const name of symbols(node.args[1]!)) whole.add(name);
  }
  for (const arg of node.args) stepped = collectWhole(arg, whole) || stepped;
  return stepped;
}

/** A constant written with a minus sign. */
function isNegative(node: Node): boolean {
  if (node.kind === "number") return node.value.p < 0n;
  if (node.kind === "mul" || node.kind === "div") {
    return node.args.filter(isNegative).length % 2 === 1 && symbols(node).size === 0;
  }
  return false;
}

/** A point from the value of each name; values are kept, and exact arithmetic sees them too. */
function pointOf(choose: (name: string) => Rational): Point {
  const exact = new Map<string, Rational>();
  const values = new Map<string, Complex>();
  const valueOf = (name: string): Rational => {
    let value = exact.get(name);
    if (value === undefined) {
      value = choose(name);
      exact.set(name, value);
    }
    return value;
  };
  return {
    value: (name) => {
      let value = values.get(name);
      if (value === undefined) {
        value = fromRational(valueOf(name));
        values.set(name, value);
      }
      return value;
    },
    env: { get: valueOf },
  };
}

/** Small natural numbers; those called n, m or N are larger, as in a binomial. */
function countingValue(index: number, name: string): Rational {
  const base = /^[nmN]/.test(name) ? 9 : 2;
  return { p: BigInt(base + (index * 5 + name.charCodeAt(0) * 3) % 7), q: 1n };
}

/** Integers of both parities, for names of integers from 1 on: all small ones, powers of two and squares among them. */
function wholeValue(index: number, name: string): Rational {
  const spread = hashOf(index >> 1, name) >>> 7;
  const size = index < 16 ? 1 + (index + name.charCodeAt(0)) % 9 : 1 + spread % 40;
  const negative = !integerName.test(name) && index % 4 === 2;
  return { p: BigInt(negative ? -size : size), q: 1n };
}

function realValue(index: number, name: string): Rational {
  const [low, high] = ranges[index % ranges.length]!;
  const hash = hashOf(index, name);
  const fraction = (Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) >>> 0) / 2 ** 32;
  return { p: BigInt(Math.round((low + (high - low) * fraction) * 100_003)), q: 100_003n };
}

function hashOf(index: number, name: string): number {
  let hash = Math.imul(index + 1, 0x9e3779b1);
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x85ebca6b) ^ (hash >>> 15);
  }
  return hash;
}
