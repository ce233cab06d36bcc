// Compares two parsed answers by what they are: relations, lists, tuples, sets, matrices, words or scalars.

import { type Node, some } from "../tree/node.ts";
import { hasMatrix } from "../tree/matrix.ts";
import { type Answer, answer } from "../values/identity.ts";
import { compareCollections } from "./collections.ts";
import { type Context, differentKinds, isSetLike, plain } from "./context.ts";
import { compareMatrices } from "./matrices.ts";
import { isEquation, isName } from "./names.ts";
import { compareRatios, isCollection } from "./ratios.ts";
import { assigned, compareRelations } from "./relations.ts";
import { compareScalars } from "./scalars.ts";
import { compareSets } from "./sets.ts";
import { compareWords } from "./text.ts";

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

const isConstant = (node: Node): boolean =>
  !some(node, (part) => part.kind === "symbol" || part.kind === "apply");

/** `1 < x <= 2`: a name against numbers, with nothing left to solve. */
const isSolved = (node: Node): boolean => node.args.every((arg) => arg.kind === "symbol" || isConstant(arg));
