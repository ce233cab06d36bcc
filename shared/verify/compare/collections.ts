// Lists, sets and tuples of answers: which elements correspond, and in which order.

import { type Node, some } from "../tree/node.ts";
import { type Context, differentKinds, isSetLike, plain } from "./context.ts";
import { compareMatrices } from "./matrices.ts";
import { isEquation } from "./names.ts";
import { matching, Nearness, pairwise } from "./pairing.ts";
import { componentsOf } from "./vectors.ts";
import { compareSets } from "./sets.ts";
import { type Answer, answer } from "../values/identity.ts";
import { key } from "../tree/key.ts";
import { assigned } from "./relations.ts";

/**
 * `named`: equations for different names; `solutions`: several values of one unknown; `list`: everything else without brackets.
 */
type Collection = { items: Node[]; kind: "list" | "set" | "tuple" | "named" | "solutions"; node: Node };

/** The elements of an answer; a value with plus-minus signs has several, any other scalar one. */
function collect(node: Node, context: Context): Collection {
  if (node.kind === "tuple") return { items: [...node.args], kind: "tuple", node };
  if (node.kind !== "list" && node.kind !== "set") {
    return { items: expand(node, context), kind: "list", node };
  }
  const items = node.args.flatMap((arg) => expand(plain(arg), context));
  const equations = items.filter((item) => item.kind === "relation" && isEquation(item));
  const names = new Set(equations.map((item) => key(item.args[0]!, context.fuel)));
  if (equations.length === items.length && items.length > 1) {
    if (names.size === items.length) return { items, kind: "named", node };
    if (names.size === 1) return { items, kind: "solutions", node };
  }
  if (equations.length === 1 && items[0] === equations[0]) {
    // "x = 1, 2, 3" lists three values of x
    const value = assigned(items[0] as Node & { kind: "relation" }, null, context);
    if (typeof value !== "string") {
      return { items: [...expand(value, context), ...items.slice(1)], kind: "solutions", node };
    }
  }
  return { items, kind: node.kind, node };
}

/** All values of an expression with plus-minus signs: linked where one of them is turned over, else independent. */
function expand(node: Node, context: Context): Node[] {
  if (!some(node, (part) => part.kind === "plusminus") || ["set", "list", "tuple"].includes(node.kind)) {
    return [node];
  }
  const { builder: b } = context;
  let count = 0;
  let linked = false;
  const look = (part: Node): void => {
    if (part.kind === "plusminus") {
      count++;
      linked ||= part.sign < 0;
    }
    part.args.forEach(look);
  };
  look(node);
  const signs = linked || count > 4 ? 1 : count;
  const values: Node[] = [];
  for (let mask = 0; mask < 1 << signs; mask++) {
    let seen = 0;
    const choose = (part: Node): Node => {
      const index = part.kind === "plusminus" ? seen++ : 0;
      const args = part.args.map(choose);
      if (part.kind !== "plusminus") return args.length === 0 ? part : b.with(part, args);
      const sign = (mask >> (signs === 1 ? 0 : index) & 1) === 0 ? 1 : -1;
      const last = part.sign * sign > 0 ? args.at(-1)! : b.negative(args.at(-1)!);
      return args.length === 1 ? last : b.sum(args[0]!, last);
    };
    values.push(choose(node));
  }
  return values;
}

export function compareCollections(gold: Node, given: Node, context: Context): Answer {
  const { rules } = context;
  const [g, p] = [collect(gold, context), collect(given, context)];
  if (g.kind === "tuple" && p.kind === "tuple") {
    const same = pairwise(g.items, p.items, context);
    if (same.same !== true) {
      return isSetLike(gold) && isSetLike(given) && same.same === "undecided"
        ? compareSets(gold, given, context)
        : same;
    }
    const brackets = gold.kind === "tuple" && given.kind === "tuple" && gold.open === given.open &&
      gold.close === given.close;
    return brackets || g.items.length !== 2 || rules.brackets === "ignored"
      ? same
      : answer(false, "structure", "other brackets");
  }
  if (isUnionLike(gold) || isUnionLike(given)) {
    return isSetLike(gold) && isSetLike(given) ? compareSets(gold, given, context) : differentKinds();
  }
  if (g.kind === "named" || p.kind === "named") return compareNamed(g, p, context);
  const [vector, combination] = gold.kind === "tuple" ? [gold, given] : [given, gold];
  if (vector.kind === "tuple" && !["list", "set", "tuple"].includes(combination.kind)) {
    const components = componentsOf(combination, vector.args.length, context);
    if (components !== null) {
      const free = { ...context, rules: { ...rules, form: "any" as const } };
      return g.kind === "tuple" ? pairwise(g.items, components, free) : pairwise(components, p.items, free);
    }
  }
  const closed = [gold, given].some((node) =>
    node.kind === "tuple" && node.open === "[" && node.args.length === 2
  );
  const alternative = (c: Collection): boolean =>
    c.kind === "solutions" ||
    (c.node.kind === "list" && (c.node.joined === "or" || (c.node.joined === "and" && closed)));
  if ((g.kind === "tuple" && alternative(p)) || (p.kind === "tuple" && alternative(g))) {
    return differentKinds();
  }
  if (g.kind === "tuple" || p.kind === "tuple") {
    const [single] = g.kind === "tuple" ? p.items : g.items;
    const other = g.kind === "tuple" ? p : g;
    if (other.items.length === 1 && single?.kind === "matrix") return compareMatrices(gold, given, context);
    if (other.items.length === 1 && single?.kind === "tuple") return pairwiseOf(g, p, context);
    if (other.items.length === 1) return differentKinds();
    if (other.kind === "set" && !rules.setAsTuple) {
      return answer(false, "structure", "a set where a tuple is asked");
    }
    if (gold.kind === "tuple" && (gold.open !== gold.close.replace(")", "(").replace("]", "["))) {
      return differentKinds();
    }
    return pairwise(g.items, p.items, context);
  }
  const asked = gold.kind === "list" && gold.joined === ";"; // one answer after the other
  if ((rules.ordered || asked) && g.kind === "list" && p.kind === "list") {
    return pairwise(g.items, p.items, context);
  }
  if (isLogical(gold) && isLogical(given) && gold.joined !== given.joined) {
    return answer(false, "structure", '"and" is not "or"');
  }
  const alternatives = given.kind === "list" && given.joined === "or"; // "1/2 or 0.5" says one thing twice
  const once = rules.repeats || alternatives || (g.kind === "set" && p.kind === "set");
  return once
    ? matching(unique(g.items, context), unique(p.items, context), context)
    : matching(g.items, p.items, context);
}

const isUnionLike = (node: Node): boolean =>
  node.kind === "setop" || node.kind === "realm" || node.kind === "builder";

/** Statements joined by "and" or "or". */
const isLogical = (node: Node): node is Node & { kind: "list" } =>
  node.kind === "list" && (node.joined === "and" || node.joined === "or") &&
  node.args.every((arg) =>
    arg.kind === "symbol" || arg.kind === "phrase" || (arg.kind === "call" && arg.name === "not") ||
    (arg.kind === "relation" && !isEquation(arg))
  );

/** One side is a single tuple inside a list of one. */
function pairwiseOf(g: Collection, p: Collection, context: Context): Answer {
  const inner = (c: Collection): Node => c.kind === "tuple" ? c.node : c.items[0]!;
  return context.compare(inner(g), inner(p), context);
}

/** `x = 1, y = 2` against the same, or against `1, 2` and `(1, 2)` in this order. */
function compareNamed(g: Collection, p: Collection, context: Context): Answer {
  if (g.kind === "named" && p.kind === "named") return matching(g.items, p.items, context);
  const value = (item: Node): Node => {
    const inner = item.kind === "relation" && isEquation(item) ? assigned(item, null, context) : item;
    return typeof inner === "string" ? item : inner;
  };
  const [named, other] = g.kind === "named" ? [g, p] : [p, g];
  if (other.kind === "solutions" && named.items.every(isIndexed)) {
    return matching(g.items.map(value), p.items.map(value), context);
  }
  if (other.items.length === 1) return differentKinds();
  if (other.kind === "set" && !context.rules.setAsTuple) {
    return answer(false, "structure", "a set where named values are asked");
  }
  const values = named.items.map(value);
  return g.kind === "named" ? pairwise(values, other.items, context) : pairwise(other.items, values, context);
}

function unique(items: readonly Node[], context: Context): Node[] {
  const kept: Node[] = [];
  const seen = new Set<string>();
  const near = new Nearness(items, [], context);
  for (const item of items) {
    const name = key(item, context.fuel);
    if (seen.has(name)) continue;
    seen.add(name);
    if (!kept.some((other) => near.may(other, item) && context.compare(other, item, context).same === true)) {
      kept.push(item);
    }
  }
  return kept;
}

/** `x_1 = 2`: one of several values of x. */
const isIndexed = (item: Node): boolean =>
  item.kind === "relation" && item.args[0]!.kind === "symbol" && /^[A-Za-z]_\d$/.test(item.args[0]!.name);
