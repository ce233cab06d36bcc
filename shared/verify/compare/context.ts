// What every comparison carries along: the rules, the budget, and the way back to a comparison of whole answers.

import { type Node, symbols } from "../tree/node.ts";
import type { Builder } from "../tree/node.ts";
import type { Fuel } from "../tree/fuel.ts";
import type { Rules } from "../presets.ts";
import { type Answer, answer } from "../values/identity.ts";
import { isMembership, isName } from "./names.ts";

export type Context = {
  rules: Rules;
  fuel: Fuel;
  builder: Builder;
  /** Compares two parts as whole answers. */
  compare: (gold: Node, given: Node, context: Context) => Answer;
};

export const differentKinds = (): Answer => answer(false, "structure", "answers of different kinds");

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
  node.kind === "set" || isInequalities(node);

/** Several inequalities, joined by "and", "or" or commas. */
export const isInequalities = (node: Node): boolean =>
  node.kind === "list" && node.args.length > 0 &&
  node.args.every((arg) => arg.kind === "relation" && arg.ops.every((op) => orders.has(op)));

const orders = new Set(["<", ">", "<=", ">=", "!=", "in"]);
