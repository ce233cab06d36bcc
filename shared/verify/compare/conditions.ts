// Answers that hold under conditions: congruences and piecewise values.

import type { Node } from "../tree/node.ts";
import { type Answer, answer, valueOf } from "../values/identity.ts";
import type { Context } from "./context.ts";
import { differentKinds } from "./context.ts";
import { isEquation } from "./names.ts";

const residueOf = (node: Node): Node =>
  node.kind === "relation" && isEquation(node) && node.args.length === 2 ? node.args[1]! : node;

/** `x \equiv 3 \pmod 7`: the same modulus and residues that it divides the difference of. A bare residue may answer. */
export function compareCongruences(gold: Node, given: Node, context: Context): Answer {
  const { builder: b, fuel } = context;
  if (gold.kind === "relation" || given.kind === "relation") return differentKinds();
  if (gold.kind !== "congruence") return context.compare(gold, residueOf(given.args[0]!), context);
  if (given.kind !== "congruence") return context.compare(residueOf(gold.args[0]!), given, context);
  const modulus = context.compare(gold.args[1]!, given.args[1]!, context);
  if (modulus.same !== true) return { ...modulus, reason: "another modulus" };
  const [g, p] = [gold.args[0]!, given.args[0]!];
  if (g.kind === "relation" && p.kind === "relation") {
    const name = context.compare(g.args[0]!, p.args[0]!, context);
    if (name.same !== true) return context.compare(g, p, context);
  }
  const difference = b.sum(residueOf(g), b.negative(residueOf(p)));
  const steps = valueOf(b.node({ kind: "div" }, [difference, gold.args[1]!]), fuel);
  if (steps === null || steps === "undefined") return context.compare(residueOf(g), residueOf(p), context);
  return answer(
    steps.q === 1n,
    "structure",
    steps.q === 1n ? "the same residue class" : "another residue class",
  );
}

/** Every value with its condition; the order of the cases does not matter, and one of them may be "otherwise". */
export function comparePiecewise(gold: Node, given: Node, context: Context): Answer {
  if (gold.kind !== "piecewise" || given.kind !== "piecewise") return differentKinds();
  if (gold.args.length !== given.args.length) return answer(false, "structure", "another number of cases");
  const rest = casesOf(given);
  let spare = 1;
  for (const [value, condition] of casesOf(gold)) {
    const index = rest.findIndex(([other, when]) => {
      if (context.compare(value, other, context).same !== true) return false;
      if (context.compare(condition, when, context).same === true) return true;
      return (isOtherwise(condition) !== isOtherwise(when)) && spare-- > 0;
    });
    if (index < 0) return answer(false, "structure", "a case without a partner");
    rest.splice(index, 1);
  }
  return answer(true, "structure", "the same cases");
}

function casesOf(node: Node): [Node, Node][] {
  const cases: [Node, Node][] = [];
  for (let i = 0; i < node.args.length; i += 2) cases.push([node.args[i]!, node.args[i + 1]!]);
  return cases;
}

const isOtherwise = (node: Node): boolean =>
  node.kind === "text" && /^(?:otherwise|else|elsewhere|(?:in all )?other cases?)$/i.test(node.text.trim());

/** A choice by its letter and, where both sides say it, by its content. */
export function compareChoices(gold: Node, given: Node, context: Context): Answer {
  const [g, p] = [letterOf(gold), letterOf(given)];
  const [inside, said] = [contentOf(gold), contentOf(given)];
  if (g !== null && p !== null) {
    if (g !== p) return answer(false, "structure", "another choice");
    if (inside === null || said === null) return answer(true, "structure", `choice ${g}`);
    const same = context.compare(inside, said, context);
    return same.same === false ? same : answer(true, "structure", `choice ${g}`);
  }
  if (gold.kind === "choice") {
    return inside === null
      ? answer(false, "structure", "no choice")
      : context.compare(inside, given, context);
  }
  return said === null
    ? answer(false, "structure", "only the letter of a choice")
    : context.compare(gold, said, context);
}

const letterOf = (node: Node): string | null =>
  node.kind === "choice"
    ? node.letter
    : node.kind === "symbol" && /^[A-J]$/.test(node.name)
    ? node.name
    : node.kind === "text" && /^[A-J]$/.test(node.text)
    ? node.text
    : null;
const contentOf = (node: Node): Node | null => node.kind === "choice" ? node.args[0] ?? null : null;
