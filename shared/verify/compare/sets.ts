// Sets, intervals and inequalities as sets of reals, or part by part.

import type { Node } from "../tree/node.ts";
import { key } from "../tree/key.ts";
import { type Answer, answer } from "../values/identity.ts";
import { sameSet } from "../values/intervals.ts";
import type { Context } from "./context.ts";
import { matching, pairwise } from "./pairing.ts";
import { realSet } from "./real_sets.ts";

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
  if (gold.kind === "list" && given.kind === "list") {
    const joined = (node: Node & { kind: "list" }): string => node.joined === "and" ? "," : node.joined;
    if (joined(gold) !== joined(given)) return answer(false, "structure", '"and" is not "or"');
    return matching(gold.args, given.args, context);
  }
  if (gold.kind === "builder" && given.kind === "relation" && gold.args.length === 2) {
    return context.compare(gold.args[1]!, given, context);
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
