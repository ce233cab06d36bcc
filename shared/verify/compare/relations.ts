// Equations, inequalities and assignments.

import { type Node, type RelationOp, some, symbols } from "../tree/node.ts";
import type { Context } from "./context.ts";
import { isCombined, isEquation, isName, lastStep, type Relation } from "./names.ts";
import { type Answer, answer, identical, valueOf } from "../values/identity.ts";
import { key } from "../tree/key.ts";
import { sameSet } from "../values/intervals.ts";
import { realSet } from "./real_sets.ts";

/**
 * The value that an equation gives to its name: its last side, before any approximation of it.
 * A string says why there is none.
 */
export function assigned(node: Relation, gold: Node | null, context: Context): Node | string {
  const { rules, fuel } = context;
  if (!isEquation(node)) return "an inequality where a value is asked";
  const first = node.args[0]!;
  const named = isName(first) && !(gold !== null && isName(gold) && key(gold, fuel) === key(first, fuel));
  const constant = symbols(first).size === 0 &&
    !some(first, (part) => part.kind === "apply" || part.kind === "text");
  const combined = gold !== null && symbols(gold).size === 0 && isCombined(node);
  if (!named && !constant && !combined && (gold === null || rules.equations === "assignments")) {
    return "an equation where a value is asked";
  }

  const approximation = node.ops.indexOf("~");
  let index = node.args.length - 1;
  if (approximation > 0 || (approximation === 0 && !named)) index = approximation;
  const value = node.args[index]!;
  if (rules.chains === "last") return value;

  const approximated = approximation === 0 && named;
  if (approximated && !rules.approximations && gold !== null && isExact(gold, context)) {
    return "an approximation of an exact value";
  }
  const sides = node.args.slice(named || combined ? 1 : 0, index);
  for (const side of sides) {
    const { same } = identical(side, value, fuel);
    // A limit that cannot be computed here may stand in front of its value.
    const open = same === "undecided" && some(side, (part) => part.kind === "big");
    if (same !== true && !open) return "a chain whose sides differ";
  }
  return value;
}

/** A number without a decimal point. */
function isExact(node: Node, context: Context): boolean {
  const value = valueOf(node, context.fuel);
  return value !== null && !some(node, (part) => part.kind === "number" && part.places !== null);
}

/** Compares two relations. */
export function compareRelations(gold: Relation, given: Relation, context: Context): Answer {
  const { fuel, rules } = context;
  if (key(gold, fuel) === key(given, fuel)) return answer(true, "canonical", "the same relation");
  if (lastStep(gold, context.builder) !== gold) return compareChains(gold, given, context);
  if (isEquation(gold) && isEquation(given)) return compareEquations(gold, given, context);
  const [a, b] = [realSet(gold, context.builder, fuel), realSet(given, context.builder, fuel)];
  if (a !== null && b !== null) {
    const names = [...symbols(gold)].join() === [...symbols(given)].join();
    const same = sameSet(a, b);
    if (same !== null) {
      return answer(
        same && (names || rules.renaming),
        "structure",
        same ? "the same solutions" : "different solutions",
      );
    }
  }
  return compareChains(gold, given, context);
}

function compareEquations(gold: Relation, given: Relation, context: Context): Answer {
  const { fuel, rules, builder: b } = context;
  const [g0, p0] = [nameFirst(gold, b), nameFirst(given, b)];
  if (g0 !== gold || p0 !== given) return compareEquations(g0, p0, context);
  const [left, right] = [gold.args[0]!, given.args[0]!];
  const [g, p] = [assigned(gold, null, context), assigned(given, null, context)];
  if (
    typeof p === "string" && typeof g !== "string" && rules.chains === "consistent" && p.startsWith("a chain")
  ) {
    return answer(false, "structure", p);
  }
  if (typeof g !== "string" && typeof p !== "string") {
    const heads = left.kind === "apply" && right.kind === "apply" && left.name === right.name;
    const sameName = key(left, fuel) === key(right, fuel);
    const constants = symbols(g).size === 0 && symbols(p).size === 0;
    if (sameName || (heads && constants) || (!isName(left) && !isName(right))) {
      const values = context.compare(g, p, context);
      if (values.same === true || sameName) {
        return values.same === true || gold.args.length > 2 || given.args.length > 2
          ? values
          : orProportional(values);
      }
    }
    const structured = (node: Node): boolean => ["tuple", "list", "set", "matrix"].includes(node.kind);
    if (structured(g) && structured(p)) return context.compare(g, p, context);
  }
  if (gold.args.length !== 2 || given.args.length !== 2) {
    return answer(false, "structure", "another equation");
  }
  return proportional(difference(gold, context), difference(given, context), false, context);

  function orProportional(values: Answer): Answer {
    if (values.same === false) return values;
    return proportional(difference(gold, context), difference(given, context), false, context);
  }
}

/** `2x + 1 = y` as `y = 2x + 1`. */
function nameFirst(node: Relation, b: Context["builder"]): Relation {
  const [left, right] = node.args;
  if (node.args.length !== 2 || isName(left!) || !isName(right!)) return node;
  return b.with(node, [right!, left!]) as Relation;
}

const difference = (node: Relation, { builder: b }: Context): Node =>
  b.sum(node.args[0]!, b.negative(node.args[1]!));

/**
 * Whether g = c p for a constant c (positive when the sign matters): the quotient has no derivative,
 * tested as g(x) p(y) = g(y) p(x) with every symbol of y renamed.
 */
function proportional(g: Node, p: Node, positive: boolean, context: Context): Answer {
  const { builder: b, fuel } = context;
  if (symbols(g).size === 0 || symbols(p).size === 0) {
    return answer("undecided", "none", "a relation without unknowns");
  }
  const renamed = (node: Node): Node => {
    if (node.kind === "symbol") return b.node({ kind: "symbol", name: `${node.name}~` });
    return node.args.length === 0 ? node : b.with(node, node.args.map(renamed));
  };
  const same = identical(b.product(g, renamed(p)), b.product(renamed(g), p), fuel);
  if (same.same !== true) {
    return { ...same, reason: same.same === false ? "the sides differ by more than a factor" : same.reason };
  }
  if (!positive) return { ...same, reason: "the same equation up to a factor" };
  const sign = identical(
    b.node({ kind: "call", name: "abs" }, [b.node({ kind: "div" }, [g, p])]),
    b.node({ kind: "div" }, [g, p]),
    fuel,
  );
  return {
    ...sign,
    reason: sign.same === true ? "the same inequality up to a factor" : "the inequality points the other way",
  };
}

const mirrored: Partial<Record<RelationOp, RelationOp>> = {
  "<": ">",
  ">": "<",
  "<=": ">=",
  ">=": "<=",
  "=": "=",
  "!=": "!=",
  "~": "~",
  "==": "==",
  "<=>": "<=>",
  sim: "sim",
  cong: "cong",
};

/** Relations that stay true when both sides are changed by the same. */
const solvable = new Set<RelationOp>(["<", ">", "<=", ">=", "!="]);

/** Inequalities that are not sets of one unknown: link by link, in either direction. */
function compareChains(gold: Relation, given: Relation, context: Context): Answer {
  const { builder: b } = context;
  if (gold.ops.length !== given.ops.length) return answer(false, "structure", "another number of relations");
  const flippedOps = given.ops.map((op) => mirrored[op]).reverse();
  const inOrder = gold.ops.every((op, i) => op === given.ops[i]);
  const inReverse = gold.ops.every((op, i) => op === flippedOps[i]);
  const sides = (args: readonly Node[]): boolean =>
    gold.args.every((arg, i) => context.compare(arg, args[i]!, context).same === true);
  if (inOrder && sides(given.args)) return answer(true, "structure", "the same sides in the same order");
  if (inReverse && sides([...given.args].reverse())) {
    return answer(true, "structure", "the same relation read backwards");
  }
  const [op] = gold.ops;
  if (gold.ops.length > 1 || op === undefined || !solvable.has(op)) {
    return answer(false, "structure", "another chain of relations");
  }
  if (!inOrder && !inReverse) return answer(false, "structure", "another kind of relation");
  const g = difference(gold, context);
  const p = difference(given, context);
  if (op === "!=") return proportional(g, p, false, context);
  return proportional(g, inOrder ? p : b.negative(p), true, context);
}
