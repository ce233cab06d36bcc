// What a relation is by its shape: a name on the left, an equation, a membership.

import { type Builder, type Node, type NodeOf, type RelationOp, symbols } from "../tree/node.ts";

export type Relation = NodeOf<"relation">;

/** Something that a value can be assigned to: x, x_1, f(x), |AB|, AB, A:B, (x, y), words; no sum and no number. */
export function isName(node: Node): boolean {
  switch (node.kind) {
    case "symbol":
    case "apply":
    case "text":
      return true;
    case "constant":
      return node.name === "e" || node.name === "i";
    case "mul":
    case "div":
    case "ratio":
    case "tuple":
    case "list":
      return node.args.length > 0 && node.args.every(isName);
    case "phrase":
    case "call":
      return node.args.length > 0 && node.args.every(isName);
    case "unit":
    case "degree":
      return isName(node.args[0]!);
    default:
      return false;
  }
}

const equalities = new Set<RelationOp>(["=", "~", "=="]);

/** An equation or chain of equations, and not an inequality. */
export const isEquation = (node: Relation): boolean => node.ops.every((op) => equalities.has(op));

export const isMembership = (node: Node): node is Relation =>
  node.kind === "relation" && node.ops.length === 1 && node.ops[0] === "in";

const arrows = new Set<RelationOp>(["->", "=>", "<=>"]);

/** What stands behind the last arrow of a derivation: `2x = 84 \Rightarrow x = 42` ends as `x = 42`. */
export function lastStep(node: Relation, b: Builder): Node {
  const last = node.ops.findLastIndex((op) => arrows.has(op));
  if (last < 0) return node;
  const args = node.args.slice(last + 1);
  return args.length === 1 ? args[0]! : b.node({ kind: "relation", ops: node.ops.slice(last + 1) }, args);
}

/** `a = b = 1` as the list `a = 1, b = 1`; null for any other relation. */
export function manyNames(node: Relation, b: Builder): Node | null {
  const names = node.args.slice(0, -1);
  const value = node.args.at(-1)!;
  const equal = node.ops.every((op) => op === "=");
  if (
    !equal || names.length < 2 || !names.every((name) => name.kind === "symbol") || symbols(value).size > 0
  ) return null;
  return b.node(
    { kind: "list", joined: "," },
    names.map((name) => b.node({ kind: "relation", ops: ["="] }, [name, value])),
  );
}

/** `m + n = 25` or `100a + b = 25`: a sum of several names on the left, a number other than 0 on the right. */
export function isCombined(node: Relation): boolean {
  const [left, right] = node.args;
  if (node.args.length !== 2 || left!.kind !== "add" || symbols(right!).size > 0) return false;
  if (right!.kind === "number" && right!.value.p === 0n) return false;
  return left!.args.every((term) => {
    const [factor, name] = term.kind === "mul" && term.args.length === 2 ? term.args : [null, term];
    const positive = factor === null ||
      (factor!.kind === "number" && factor!.value.q === 1n && factor!.value.p > 0n);
    return positive && name!.kind === "symbol";
  });
}
