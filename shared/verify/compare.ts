// Compares two parsed answers by what they are: relations, lists, tuples, sets, matrices, words or scalars.

import { type Builder, type Node, some, symbols } from "./ast.ts";
import type { Fuel } from "./fuel.ts";
import { type Answer, answer } from "./identity.ts";
import { key } from "./key.ts";
import { hasMatrix, simplifyMatrix } from "./matrix.ts";
import type { Rules } from "./presets.ts";
import { sameSet } from "./intervals.ts";
import { realSet } from "./realset.ts";
import { compareCollections, matching, pairwise } from "./collections.ts";
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

export const differentKinds = (): Answer => answer(false, "structure", "answers of different kinds");
const isConstant = (node: Node): boolean =>
  !some(node, (part) => part.kind === "symbol" || part.kind === "apply");

/** `1 < x <= 2`: a name against numbers, with nothing left to solve. */
const isSolved = (node: Node): boolean => node.args.every((arg) => arg.kind === "symbol" || isConstant(arg));

/** `x \in S` is S; `k \pi, k \in Z` is `k \pi`. */
export function plain(node: Node): Node {
  if (node.kind === "list" && node.args.length === 2) {
    const [first, second] = node.args;
    const domain = isMembership(second!) && second.args[0]!.kind === "symbol" &&
      second.args[1]!.kind === "realm";
    if (domain && !isMembership(first!) && symbols(first!).has([...symbols(second)][0]!)) return first!;
  }
  return isMembership(node) && isName(node.args[0]!) ? plain(node.args[1]!) : node;
}

export const isSetLike = (node: Node): boolean =>
  node.kind === "setop" || node.kind === "realm" || node.kind === "builder" ||
  (node.kind === "tuple" && node.args.length === 2) ||
  node.kind === "set" || (node.kind === "list" && node.args.length > 0 && node.args.every((arg) =>
    arg.kind === "relation" && !isEquation(arg)
  ));

const isCollection = (node: Node): boolean =>
  ["list", "set", "tuple"].includes(node.kind) || some(node, (part) => part.kind === "plusminus");

export function compareSets(gold: Node, given: Node, context: Context): Answer {
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

export function compareMatrices(gold: Node, given: Node, context: Context): Answer {
  const { builder } = context;
  const column = (node: Node): Node => {
    if (node.kind !== "tuple") return node;
    const width = node.args[0]!.kind === "tuple" ? node.args[0]!.args.length : 0;
    if (width > 0 && node.args.every((row) => row.kind === "tuple" && row.args.length === width)) {
      return builder.node(
        { kind: "matrix", rows: node.args.length, columns: width },
        node.args.flatMap((row) => row.args),
      );
    }
    return builder.node({ kind: "matrix", rows: node.args.length, columns: 1 }, node.args);
  };
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
