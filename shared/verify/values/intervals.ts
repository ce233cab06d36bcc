// Sets of real numbers as sorted, disjoint intervals between constants.

import type { Node } from "../tree/node.ts";
import * as complex from "./complex.ts";
import { order as rationalOrder, type Rational } from "../tree/rational.ts";

/** An end of an interval: infinite, or a constant expression. */
export type End = { infinite: -1 | 0 | 1; node: Node | null; value: Rational | complex.Complex | null };

export type Interval = { low: End; high: End; lowOpen: boolean; highOpen: boolean };

export type RealSet = readonly Interval[];

export const minus: End = { infinite: -1, node: null, value: null };
export const plus: End = { infinite: 1, node: null, value: null };

/** Thrown when two ends cannot be ordered. */
export class Unordered extends Error {}

export const isComplex = (value: Rational | complex.Complex): value is complex.Complex => "re" in value;

/** Negative, zero or positive as a < b, a = b, a > b. */
export function order(a: End, b: End): number {
  if (a.infinite !== 0 || b.infinite !== 0) return a.infinite - b.infinite;
  const [x, y] = [a.value!, b.value!];
  if (!isComplex(x) && !isComplex(y)) return rationalOrder(x, y);
  const [u, v] = [isComplex(x) ? x : complex.fromRational(x), isComplex(y) ? y : complex.fromRational(y)];
  const relation = complex.relation(u, v);
  if (relation === "unknown") throw new Unordered("unknown order");
  return relation === "equal" ? 0 : u.re < v.re ? -1 : 1;
}

export function interval(low: End, high: End, lowOpen: boolean, highOpen: boolean): RealSet {
  const direction = order(low, high);
  if (direction > 0 || (direction === 0 && (lowOpen || highOpen))) return [];
  return [{ low, high, lowOpen: lowOpen || low.infinite !== 0, highOpen: highOpen || high.infinite !== 0 }];
}

export const everything: RealSet = [{ low: minus, high: plus, lowOpen: true, highOpen: true }];
export const pointAt = (end: End): RealSet => interval(end, end, false, false);

export function union(a: RealSet, b: RealSet): RealSet {
  const sorted = [...a, ...b].sort((x, y) => order(x.low, y.low) || Number(x.lowOpen) - Number(y.lowOpen));
  const merged: Interval[] = [];
  for (const next of sorted) {
    const last = merged.at(-1);
    const gap = last === undefined ? 1 : order(next.low, last.high);
    if (last === undefined || gap > 0 || (gap === 0 && next.lowOpen && last.highOpen)) {
      merged.push({ ...next });
      continue;
    }
    const further = order(next.high, last.high);
    if (further > 0) [last.high, last.highOpen] = [next.high, next.highOpen];
    else if (further === 0) last.highOpen &&= next.highOpen;
  }
  return merged;
}

export function complement(a: RealSet): RealSet {
  const gaps: Interval[] = [];
  let low = minus;
  let lowOpen = true;
  for (const part of a) {
    gaps.push(...interval(low, part.low, lowOpen, !part.lowOpen));
    [low, lowOpen] = [part.high, !part.highOpen];
  }
  return [...gaps, ...interval(low, plus, lowOpen, true)];
}

export const intersection = (a: RealSet, b: RealSet): RealSet =>
  complement(union(complement(a), complement(b)));

/** Whether two sets have the same ends; null when their ends cannot be ordered. */
export function sameSet(a: RealSet, b: RealSet): boolean | null {
  try {
    if (a.length !== b.length) return false;
    return a.every((x, i) => {
      const y = b[i]!;
      return order(x.low, y.low) === 0 && order(x.high, y.high) === 0 && x.lowOpen === y.lowOpen &&
        x.highOpen === y.highOpen;
    });
  } catch (error) {
    if (error instanceof Unordered) return null;
    throw error;
  }
}
