// What a relation is by its shape: a name on the left, an equation, a membership.

import type { Node, NodeOf, RelationOp } from "../tree/node.ts";

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
    case "call":
      return node.args.length > 0 && node.args.every(isName);
    case "unit":
    case "degree":
      return isName(node.args[0]!);
    default:
      return false;
  }
}

const equalities = new Set<RelationOp>(["=", "~", "->", "=="]);

/** An equation or chain of equations, and not an inequality. */
export const isEquation = (node: Relation): boolean => node.ops.every((op) => equalities.has(op));

export const isMembership = (node: Node): node is Relation =>
  node.kind === "relation" && node.ops.length === 1 && node.ops[0] === "in";
