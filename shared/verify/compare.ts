// Compares two parsed answers by what they are: relations, lists, tuples, sets, matrices, words or scalars.

import { type Builder, type Node, some, symbols } from "./ast.ts";
import type { Fuel } from "./fuel.ts";
import { type Answer, answer } from "./identity.ts";
import { key } from "./key.ts";
import { hasMatrix, simplifyMatrix } from "./matrix.ts";
import type { Rules } from "./presets.ts";
import { realSet, sameSet } from "./realset.ts";
import { assigned, compareRelations, isEquation, isMembership, isName } from "./relations.ts";
import { compareScalars } from "./scalars.ts";
import { compareWords } from "./words.ts";

export type Context = { rules: Rules; fuel: Fuel; builder: Builder };

/** Compares a gold answer with a given one; the roles matter where the rules say so. */
export function compareNodes(gold: Node, given: Node, context: Context): Answer {
  const { fuel, rules } = context;
  fuel.spend(2);
  const [g, p] = [plain(gold), plain(given)];

  if (g.kind === "relation" && p.kind === "relation") return compareRelations(g, p, context);
  if (p.kind === "relation") {
    if (isEquation(p)) {
      const value = assigned(p, g, context);
      return typeof value === "string" ? answer(false, "structure", value) : compareNodes(g, value, context);
    }
    if (!isSetLike(g)) return answer(false, "structure", "a relation where a value is asked");
    if (rules.relationForSet === "never" || (rules.relationForSet === "solved" && !isSolved(p))) {
      return answer(false, "structure", "a relation where a set is asked");
    }
    return compareSets(g, p, context);
  }
  if (g.kind === "relation") {
    if (isEquation(g)) {
      const value = assigned(g, null, { ...context, rules: { ...rules, chains: "last" } });
      const constant = typeof value !== "string" && isConstant(g.args[0]!) && isConstant(value);
      return typeof value === "string" || !(isName(g.args[0]!) || constant)
        ? answer(false, "structure", "a value where an equation is asked")
        : compareNodes(value, p, context);
    }
    return isSetLike(p)
      ? compareSets(g, p, context)
      : answer(false, "structure", "a value where a relation is asked");
  }

  const words = compareWords(g, p, context);
  if (words !== null) return words;
  if (g.kind === "ratio" || p.kind === "ratio") return compareRatios(g, p, context);
  if (isCollection(g) || isCollection(p)) return compareCollections(g, p, context);
  if (isSetLike(g) || isSetLike(p)) {
    return isSetLike(g) && isSetLike(p) ? compareSets(g, p, context) : differentKinds();
  }
  if (hasMatrix(g) || hasMatrix(p)) return compareMatrices(g, p, context);
  return compareScalars(g, p, context);
}

const differentKinds = (): Answer => answer(false, "structure", "answers of different kinds");
const isConstant = (node: Node): boolean =>
  !some(node, (part) => part.kind === "symbol" || part.kind === "apply");

/** `1 < x <= 2`: a name against numbers, with nothing left to solve. */
const isSolved = (node: Node): boolean => node.args.every((arg) => arg.kind === "symbol" || isConstant(arg));

/** `x \in S` is S; `k \pi, k \in Z` is `k \pi`. */
function plain(node: Node): Node {
  if (node.kind === "list" && node.args.length === 2) {
    const [first, second] = node.args;
    const domain = isMembership(second!) && second.args[0]!.kind === "symbol" &&
      second.args[1]!.kind === "realm";
    if (domain && !isMembership(first!) && symbols(first!).has([...symbols(second)][0]!)) return first!;
  }
  return isMembership(node) && isName(node.args[0]!) ? plain(node.args[1]!) : node;
}

const isSetLike = (node: Node): boolean =>
  node.kind === "setop" || node.kind === "realm" || node.kind === "builder" ||
  (node.kind === "tuple" && node.args.length === 2) ||
  node.kind === "set" || (node.kind === "list" && node.args.length > 0 && node.args.every((arg) =>
    arg.kind === "relation" && !isEquation(arg)
  ));

const isCollection = (node: Node): boolean =>
  ["list", "set", "tuple"].includes(node.kind) || some(node, (part) => part.kind === "plusminus");

// ---- lists, sets and tuples

type Collection = { items: Node[]; kind: "list" | "set" | "tuple" | "named"; node: Node };

/** The elements of an answer; a value with a plus-minus sign has two, any other scalar one. */
function collect(node: Node, context: Context): Collection {
  if (node.kind === "tuple") return { items: [...node.args], kind: "tuple", node };
  if (node.kind !== "list" && node.kind !== "set") {
    return { items: expand(node, context), kind: "list", node };
  }
  const items = node.args.flatMap((arg) => expand(plain(arg), context));
  const equations = items.filter((item) => item.kind === "relation" && isEquation(item));
  const names = new Set(equations.map((item) => key(item.args[0]!, context.fuel)));
  if (equations.length === items.length && names.size === items.length && items.length > 1) {
    return { items, kind: "named", node };
  }
  if (equations.length === 1 && items[0] === equations[0]) {
    // "x = 1, 2, 3" lists three values of x
    const value = assigned(items[0] as Node & { kind: "relation" }, null, context);
    if (typeof value !== "string") {
      return { items: [...expand(value, context), ...items.slice(1)], kind: node.kind, node };
    }
  }
  return { items, kind: node.kind, node };
}

/** Both values of an expression with plus-minus signs. */
function expand(node: Node, context: Context): Node[] {
  if (!some(node, (part) => part.kind === "plusminus") || ["set", "list", "tuple"].includes(node.kind)) {
    return [node];
  }
  const { builder: b } = context;
  const choose = (part: Node, sign: 1 | -1): Node => {
    const args = part.args.map((arg) => choose(arg, sign));
    if (part.kind !== "plusminus") return args.length === 0 ? part : b.with(part, args);
    const last = part.sign * sign > 0 ? args.at(-1)! : b.negative(args.at(-1)!);
    return args.length === 1 ? last : b.sum(args[0]!, last);
  };
  return [choose(node, 1), choose(node, -1)];
}

function compareCollections(gold: Node, given: Node, context: Context): Answer {
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
    return brackets || rules.brackets === "ignored" ? same : answer(false, "structure", "other brackets");
  }
  if (isUnionLike(gold) || isUnionLike(given)) {
    return isSetLike(gold) && isSetLike(given) ? compareSets(gold, given, context) : differentKinds();
  }
  if (g.kind === "named" || p.kind === "named") return compareNamed(g, p, context);
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
  if (rules.ordered && g.kind === "list" && p.kind === "list") return pairwise(g.items, p.items, context);
  const alternatives = given.kind === "list" && given.joined === "or"; // "1/2 or 0.5" says one thing twice
  const once = rules.repeats || alternatives || (g.kind === "set" && p.kind === "set");
  return once
    ? matching(unique(g.items, context), unique(p.items, context), context)
    : matching(g.items, p.items, context);
}

const isUnionLike = (node: Node): boolean =>
  node.kind === "setop" || node.kind === "realm" || node.kind === "builder";

/** One side is a single tuple inside a list of one. */
function pairwiseOf(g: Collection, p: Collection, context: Context): Answer {
  const inner = (c: Collection): Node => c.kind === "tuple" ? c.node : c.items[0]!;
  return compareNodes(inner(g), inner(p), context);
}

/** `x = 1, y = 2` against the same, or against `1, 2` and `(1, 2)` in this order. */
function compareNamed(g: Collection, p: Collection, context: Context): Answer {
  if (g.kind === "named" && p.kind === "named") return matching(g.items, p.items, context);
  const value = (item: Node): Node => {
    const inner = item.kind === "relation" && isEquation(item) ? assigned(item, null, context) : item;
    return typeof inner === "string" ? item : inner;
  };
  const [named, other] = g.kind === "named" ? [g, p] : [p, g];
  if (other.items.length === 1) return differentKinds();
  if (other.kind === "set" && !context.rules.setAsTuple) {
    return answer(false, "structure", "a set where named values are asked");
  }
  const values = named.items.map(value);
  return g.kind === "named" ? pairwise(values, other.items, context) : pairwise(other.items, values, context);
}

function unique(items: readonly Node[], context: Context): Node[] {
  const kept: Node[] = [];
  for (const item of items) {
    if (!kept.some((other) => compareNodes(other, item, context).same === true)) kept.push(item);
  }
  return kept;
}

function pairwise(gold: readonly Node[], given: readonly Node[], context: Context): Answer {
  if (gold.length !== given.length) return answer(false, "structure", "another number of elements");
  let undecided: Answer | null = null;
  for (const [i, item] of gold.entries()) {
    const pair = compareNodes(item, given[i]!, context);
    if (pair.same === false) {
      return pair.tier === "structure" ? pair : answer(false, pair.tier, `element ${i + 1}: ${pair.reason}`);
    }
    if (pair.same === "undecided") undecided = pair;
  }
  return undecided ?? answer(true, "structure", "equal element by element");
}

/** Every element of one side has its own partner on the other. */
function matching(gold: readonly Node[], given: readonly Node[], context: Context): Answer {
  if (gold.length !== given.length) return answer(false, "structure", "another number of elements");
  const rest = [...given];
  let undecided = false;
  for (const item of gold) {
    let found = -1;
    for (const [i, other] of rest.entries()) {
      const { same } = compareNodes(item, other, context);
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

// ---- sets of reals, ratios, matrices

function compareSets(gold: Node, given: Node, context: Context): Answer {
  const { fuel, builder } = context;
  if (key(gold, fuel) === key(given, fuel)) return answer(true, "canonical", "the same set");
  if (gold.kind === "realm" && given.kind === "realm") {
    return answer(false, "structure", "another set of numbers");
  }
  const [a, b] = [realSet(gold, builder, fuel), realSet(given, builder, fuel)];
  const same = a === null || b === null ? null : sameSet(a, b);
  if (same !== null) {
    return answer(same, "structure", same ? "the same set of reals" : "different sets of reals");
  }
  if (gold.kind === "setop" && given.kind === "setop" && gold.op === given.op && gold.op !== "minus") {
    return matching(parts(gold, gold.op), parts(given, gold.op), context);
  }
  if (gold.kind === "setop" && given.kind === "setop" && gold.op === given.op) {
    return pairwise(gold.args, given.args, context);
  }
  if (gold.kind === "set" && given.kind === "set") return matching(gold.args, given.args, context);
  return answer(
    gold.kind === given.kind ? "undecided" : false,
    "structure",
    "sets that could not be compared",
  );
}

function parts(node: Node, op: string): Node[] {
  return node.kind === "setop" && node.op === op ? node.args.flatMap((arg) => parts(arg, op)) : [node];
}

/** a : b is a quotient, unless it is a time of day or has more parts. */
function compareRatios(gold: Node, given: Node, context: Context): Answer {
  const { builder: b } = context;
  if (gold.kind === "ratio" && given.kind === "ratio") {
    if (gold.args.length !== given.args.length) return answer(false, "structure", "another number of parts");
    const exact = pairwise(gold.args, given.args, context);
    if (exact.same === true) return exact;
    if (isTime(gold) || isTime(given)) return exact;
    const cross = gold.args.slice(1).map((arg, i) =>
      compareScalars(b.product(gold.args[0]!, given.args[i + 1]!), b.product(given.args[0]!, arg), {
        ...context,
        rules: { ...context.rules, form: "any" },
      })
    );
    return cross.find((part) => part.same !== true) ?? answer(true, "structure", "the same proportion");
  }
  const quotient = (node: Node): Node =>
    node.kind === "ratio" && node.args.length === 2 ? b.node({ kind: "div" }, node.args) : node;
  const [g, p] = [quotient(gold), quotient(given)];
  return g.kind === "ratio" || p.kind === "ratio" || isCollection(g) || isCollection(p)
    ? differentKinds()
    : compareScalars(g, p, context);
}

const isTime = (node: Node): boolean => node.args[1]?.kind === "number" && node.args[1].value.p === 0n;

function compareMatrices(gold: Node, given: Node, context: Context): Answer {
  const { builder } = context;
  const column = (node: Node): Node =>
    node.kind === "tuple"
      ? builder.node({ kind: "matrix", rows: node.args.length, columns: 1 }, node.args)
      : node;
  const [g, p] = [simplifyMatrix(column(gold), builder), simplifyMatrix(column(given), builder)];
  if (g === null || p === null) {
    return answer("undecided", "none", "a matrix expression that could not be computed");
  }
  if (g.kind !== "matrix" && p.kind !== "matrix") return compareScalars(g, p, context);
  if (g.kind !== "matrix" || p.kind !== "matrix") return differentKinds();
  if (
    context.rules.form === "literal" && gold.kind === "matrix" && given.kind !== "matrix" &&
    given.kind !== "tuple"
  ) {
    return answer(false, "structure", "an expression where a matrix is asked");
  }
  if (g.rows !== p.rows || g.columns !== p.columns) return answer(false, "structure", "another size");
  return pairwise(g.args, p.args, context);
}
