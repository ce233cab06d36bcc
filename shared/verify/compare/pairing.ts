// Elements of two collections against each other: in order, or each with a partner of its own.

import { type Node, some, symbols } from "../tree/node.ts";
import { key } from "../tree/key.ts";
import { type Answer, answer, sampleValue } from "../values/identity.ts";
import type { Context } from "./context.ts";

/** Element by element, in order. */
export function pairwise(gold: readonly Node[], given: readonly Node[], context: Context): Answer {
  if (gold.length !== given.length) return answer(false, "structure", "another number of elements");
  let undecided: Answer | null = null;
  for (const [i, item] of gold.entries()) {
    const pair = context.compare(item, given[i]!, context);
    if (pair.same === false) {
      return pair.tier === "structure" ? pair : answer(false, pair.tier, `element ${i + 1}: ${pair.reason}`);
    }
    if (pair.same === "undecided") undecided = pair;
  }
  return undecided ?? answer(true, "structure", "equal element by element");
}

/** Every element of one side has its own partner on the other. */
export function matching(gold: readonly Node[], given: readonly Node[], context: Context): Answer {
  if (gold.length !== given.length) return answer(false, "structure", "another number of elements");
  const [left, rest] = withoutTwins(gold, given, context);
  const near = new Nearness(left, rest, context);
  let undecided = false;
  for (const item of left) {
    let found = -1;
    for (const [i, other] of rest.entries()) {
      if (!near.may(item, other)) continue;
      const { same } = context.compare(item, other, context);
      if (same === "undecided") undecided = true;
      if (same !== true) continue;
      found = i;
      break;
    }
    if (found < 0) {
      return answer(
        undecided ? "undecided" : false,
        undecided ? "none" : "structure",
        "an element without a partner",
      );
    }
    rest.splice(found, 1);
  }
  return answer(true, "structure", "the same elements");
}

/** Both lists without the elements that are written alike; long lists only, as short ones are compared at once. */
function withoutTwins(gold: readonly Node[], given: readonly Node[], context: Context): [Node[], Node[]] {
  if (gold.length < 4) return [[...gold], [...given]];
  const twins = new Map<string, Node[]>();
  for (const other of given) {
    const name = key(other, context.fuel);
    const list = twins.get(name);
    if (list === undefined) twins.set(name, [other]);
    else list.push(other);
  }
  const taken = new Set<Node>();
  const left = gold.filter((item) => {
    const same = twins.get(key(item, context.fuel));
    const twin = same?.at(-1);
    if (same === undefined || twin === undefined || !areTwins(item, twin)) return true;
    same.pop();
    taken.add(twin);
    return false;
  });
  return [left, given.filter((other) => !taken.has(other))];
}

/** Whether two elements with one key are equal whatever the rules say: neither is a number that the other leaves undone. */
const areTwins = (a: Node, b: Node): boolean =>
  a.kind === b.kind && ["number", "symbol", "add", "mul", "pow", "root", "call", "tuple"].includes(a.kind);

/** Whether the rules call numbers equal whose values are further apart than by rounding. */
export const bendsValues = (rules: Context["rules"]): boolean =>
  rules.hundredfold || rules.relativeTolerance > 1e-4 || rules.places !== null ||
  rules.significantDigits < 4 ||
  rules.bases !== "value";

/** Rough values of elements, so that only elements close to each other are compared in full. */
export class Nearness {
  private readonly values = new Map<Node, number | null>();

  constructor(gold: readonly Node[], given: readonly Node[], context: Context) {
    if (gold.length + given.length < 8 || bendsValues(context.rules)) return;
    for (const node of [...gold, ...given]) {
      if (!this.values.has(node)) this.values.set(node, roughly(node, context));
    }
  }

  /** Whether two elements may be equal. */
  may(a: Node, b: Node): boolean {
    const [x, y] = [this.values.get(a) ?? null, this.values.get(b) ?? null];
    return x === null || y === null || Math.abs(x - y) <= 1e-2 * Math.max(Math.abs(x), Math.abs(y));
  }
}

const scalars = new Set(["number", "symbol", "add", "mul", "div", "pow", "root", "call", "constant"]);
const dressed = new Set(["percent", "unit", "degree", "numeral", "plusminus", "apply"]);

/** The value of a scalar, or of the first element of a tuple, at one sample point; null where the rules might bend it. */
export function roughly(node: Node, context: Context): number | null {
  if (node.kind === "tuple") return roughly(node.args[0]!, context);
  if (node.kind === "number") return Number(node.value.p) / Number(node.value.q);
  if (!scalars.has(node.kind) || some(node, (part) => dressed.has(part.kind))) return null;
  if ([...symbols(node)].some((name) => /^[ck](?:_|$)/i.test(name))) return null; // constants may be renamed
  const value = sampleValue(node, context.fuel);
  return value === null || value.im !== 0n || value.error > 2 ** 200 ? null : Number(value.re) / 2 ** 256;
}
