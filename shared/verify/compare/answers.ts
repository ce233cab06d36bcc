// Compares two parsed answers by what they are: relations, lists, tuples, sets, matrices, words or scalars.

import { type Node, some } from "../tree/node.ts";
import { hasMatrix } from "../tree/matrix.ts";
import { equal } from "../tree/rational.ts";
import { type Answer, answer } from "../values/identity.ts";
import { compareCollections } from "./collections.ts";
import { compareChoices, compareCongruences, comparePiecewise } from "./conditions.ts";
import { type Context, differentKinds, isInequalities, isSetLike, plain } from "./context.ts";
import { compareFamilies } from "./families.ts";
import { compareMatrices } from "./matrices.ts";
import { isEquation, isMembership, isName, lastStep, manyNames, type Relation } from "./names.ts";
import { compareRatios, isCollection } from "./ratios.ts";
import { assigned, compareRelations } from "./relations.ts";
import { compareScalars } from "./scalars.ts";
import { compareSets } from "./sets.ts";
import { compareWords } from "./word_answers.ts";

/** Compares a gold answer with a given one; the roles matter where the rules say so. */
export function compareNodes(gold: Node, given: Node, context: Context): Answer {
  context.fuel.spend(2);
  if (gold.kind === "number" && given.kind === "number") {
    if (gold.places !== null || given.places !== null) return compareScalars(gold, given, context);
    const same = equal(gold.value, given.value);
    if (same || context.rules.relativeTolerance === 0) {
      return answer(same, "rational", same ? "the same number" : "different numbers");
    }
    return compareScalars(gold, given, context);
  }
  if (gold.kind === "choice" || given.kind === "choice") return compareChoices(gold, given, context);
  if (isElementOf(gold) !== isElementOf(given) && gold.kind === "relation" && given.kind === "relation") {
    return differentKinds(); // x in A is not x = A
  }
  const families = compareFamilies(gold, given, context);
  if (families !== null) return families;
  const [g, p] = [plain(gold), plain(given)];
  if (g.kind === "congruence" || p.kind === "congruence") {
    const list = g.kind === "list" || p.kind === "list";
    return list ? compareCollections(g, p, context) : compareCongruences(g, p, context);
  }
  if (g.kind === "relation" || p.kind === "relation") return compareWithRelation(g, p, context);
  if (g.kind === "piecewise" || p.kind === "piecewise") return comparePiecewise(g, p, context);

  const words = compareWords(g, p, context);
  if (words !== null) return words;
  if (g.kind === "ratio" || p.kind === "ratio") return compareRatios(g, p, context);
  if (isInequalities(g) || isInequalities(p)) {
    return isSetLike(g) && isSetLike(p) ? compareSets(g, p, context) : differentKinds();
  }
  if (isCollection(g) || isCollection(p)) return compareCollections(g, p, context);
  if (isSetLike(g) || isSetLike(p)) {
    return isSetLike(g) && isSetLike(p) ? compareSets(g, p, context) : differentKinds();
  }
  if (hasMatrix(g) || hasMatrix(p)) return compareMatrices(g, p, context);
  return compareScalars(g, p, context);
}

/** Membership in a set that is only named. */
const isElementOf = (node: Node): boolean => isMembership(node) && node.args[1]!.kind === "symbol";

/** At least one side is a relation. */
function compareWithRelation(g: Node, p: Node, context: Context): Answer {
  const { rules, builder: b } = context;
  if (p.kind === "relation") {
    const step = g.kind === "relation" && lastStep(g, b) !== g ? p : lastStep(p, b);
    if (step !== p) return context.compare(g, step, context);
  }
  if (g.kind === "relation" && p.kind === "relation") {
    const [many, other] = [manyNames(g, b), manyNames(p, b)];
    if (many !== null || other !== null) {
      const left = many ?? (g.args.length === 2 && g.args[1]!.kind === "tuple" ? g.args[1]! : g);
      return context.compare(
        left,
        other ?? (p.args.length === 2 && p.args[1]!.kind === "tuple" ? p.args[1]! : p),
        context,
      );
    }
    return compareRelations(g, p, context);
  }
  const [relation, other] = g.kind === "relation" ? [g, p] : [p as Relation, g];
  if (other.kind === "list" || other.kind === "set" || other.kind === "tuple") {
    const named = manyNames(relation, b); // a = b = 1 as a = 1, b = 1
    if (named !== null) {
      return g === relation ? context.compare(named, p, context) : context.compare(g, named, context);
    }
  }
  if (p.kind === "relation") {
    const value = approximate(p, context);
    if (isEquation(value)) {
      const result = assigned(value, g, context);
      return typeof result === "string"
        ? answer(false, "structure", result)
        : context.compare(g, result, context);
    }
    if (!isSetLike(g)) return answer(false, "structure", "a relation where a value is asked");
    if (rules.relationForSet === "never" || (rules.relationForSet === "solved" && !isSolved(p))) {
      return answer(false, "structure", "a relation where a set is asked");
    }
    return compareSets(g, p, context);
  }
  if (isEquation(relation)) {
    const value = assigned(relation, null, { ...context, rules: { ...rules, chains: "last" } });
    const constant = typeof value !== "string" && isConstant(relation.args[0]!) && isConstant(value);
    return typeof value === "string" || !(isName(relation.args[0]!) || constant)
      ? answer(false, "structure", "a value where an equation is asked")
      : context.compare(value, p, context);
  }
  return isSetLike(p)
    ? compareSets(g, p, context)
    : answer(false, "structure", "a value where a relation is asked");
}

/** Where a value is asked, `x \sim 3` and `x \cong 3` are approximations. */
const approximate = (node: Relation, { builder: b }: Context): Relation =>
  node.ops.some((op) => op === "sim" || op === "cong")
    ? b.node(
      { kind: "relation", ops: node.ops.map((op) => op === "sim" || op === "cong" ? "~" : op) },
      node.args,
    ) as Relation
    : node;

const isConstant = (node: Node): boolean =>
  !some(node, (part) => part.kind === "symbol" || part.kind === "apply");

/** `1 < x <= 2`: a name against numbers, with nothing left to solve. */
const isSolved = (node: Node): boolean => node.args.every((arg) => arg.kind === "symbol" || isConstant(arg));
