// Words where an operand is expected: an introduction, a number in words, a remark, or the beginning of a phrase.

import { ParseError } from "../tree/fuel.ts";
import * as operators from "./operators.ts";
import type { Parser } from "./parser_state.ts";
import { numberInWords, remark, withoutIntroduction } from "./words.ts";

export function leadWords(m: Parser, value: string): void {
  const top = m.top;
  const previous = top.values.at(-1);
  const matrix = top.open.startsWith("begin ");
  if (matrix && /^(?:if|when|for|where)$/.test(value)) return;
  if (remark.test(value) && !matrix && top.elements.length > 0) return m.skipRemark(value);
  if (/(?:\b(?:is|are)|[=:])$/i.test(value) && m.next !== undefined && !/\b(?:not|never|n't)\b/.test(value)) {
    return;
  }
  if (previous !== undefined && top.finish === null) throw new ParseError("words between operands");
  const number = numberInWords(value);
  if (number !== null && top.phrase === null) return m.deliver(m.b.number(number));
  if (top.finish !== null || top.operators.length > 0 || !goesOn(m)) {
    if (top.phrase !== null && top.operators.length === 0 && top.finish === null) return m.say(value);
    return m.deliver(m.b.node({ kind: "text", text: value }));
  }
  if (/^(?:about|approximately|approx\.?|roughly|around)$/i.test(value) && m.next?.type === "number") {
    m.deliver(m.b.node({ kind: "text", text: "answer" }));
    return m.infix(operators.relation("~"));
  }
  const said = withoutIntroduction(value);
  if (said !== "") m.say(said);
}

/** Whether more of a phrase follows words: neither the end of the element, nor an operator on the words themselves. */
function goesOn(m: Parser): boolean {
  const { next } = m;
  if (next === undefined) return false;
  if (["separator", "close", "relation", "row", "cell", "end"].includes(next.type)) return false;
  return next.type !== "operator" || next.value === "-" || next.value === "|" || next.value === "pm";
}
