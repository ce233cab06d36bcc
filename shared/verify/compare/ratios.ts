// Ratios a : b, which are quotients unless they are times of day or have more parts.

import { type Node, some } from "../tree/node.ts";
import { type Answer, answer } from "../values/identity.ts";
import { type Context, differentKinds } from "./context.ts";
import { pairwise } from "./pairing.ts";
import { compareScalars } from "./scalars.ts";

/** a : b is a quotient, unless it is a time of day or has more parts. */
export function compareRatios(gold: Node, given: Node, context: Context): Answer {
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

/** Lists, sets and tuples, and values with a plus-minus sign. */
export const isCollection = (node: Node): boolean =>
  ["list", "set", "tuple"].includes(node.kind) || some(node, (part) => part.kind === "plusminus");
