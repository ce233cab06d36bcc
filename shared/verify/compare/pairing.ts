// Elements of two collections against each other: in order, or each with a partner of its own.

import type { Node } from "../tree/node.ts";
import { type Answer, answer } from "../values/identity.ts";
import type { Context } from "./context.ts";

/** Element by element, in order. */
export function pairwise(gold: readonly Node[], given: readonly Node[], context: Context): Answer {
  if (gold.length !== given.length) return answer(false, "structure", "another number of elements");
  let undecided: Answer | null = null;
  for (const [i, item] of gold.entries()) {
    const pair = context.compare(item, given[i]!, context);
    if (pair.same === false) {
      return pair.tier === "structure" ? pair : answer(false, pair.tier, `element ${i + 1}: ${pair.reason}`);
    }
    if (pair.same === "undecided") undecided = pair;
  }
  return undecided ?? answer(true, "structure", "equal element by element");
}

/** Every element of one side has its own partner on the other. */
export function matching(gold: readonly Node[], given: readonly Node[], context: Context): Answer {
  if (gold.length !== given.length) return answer(false, "structure", "another number of elements");
  const rest = [...given];
  let undecided = false;
  for (const item of gold) {
    let found = -1;
    for (const [i, other] of rest.entries()) {
      const { same } = context.compare(item, other, context);
      if (same === "undecided") undecided = true;
      if (same !== true) continue;
      found = i;
      break;
    }
    if (found < 0) {
      return answer(
        undecided ? "undecided" : false,
        undecided ? "none" : "structure",
        "an element without a partner",
      );
    }
    rest.splice(found, 1);
  }
  return answer(true, "structure", "the same elements");
}
