// Words behind an operand: a unit, what is counted, a size such as "million", a remark, or a part of a phrase.

import { ParseError } from "../tree/fuel.ts";
import { some } from "../tree/node.ts";
import { add, divide, multiply } from "../tree/rational.ts";
import * as operators from "./operators.ts";
import type { Frame } from "./frame.ts";
import type { Parser } from "./parser_state.ts";
import { measureOf } from "./units.ts";
import { remark, tailOf } from "./words.ts";

export const letterUnits = new Set("m s g h l L N J W V A K d c".split(" "));

/** The words of `72 (dogs)`, past which the parser then stands; null when the brackets hold anything else. */
export function bracketedWords(m: Parser): string | null {
  let end = m.at;
  while (m.tokens[end]?.type === "text" || (end > m.at && m.tokens[end]?.value === "/")) end++;
  if (end === m.at || m.tokens[end]?.value !== ")") return null;
  const words = m.tokens.slice(m.at, end).map((token) => token.value).join(" ");
  m.at = end + 1;
  return words;
}

/** Words after an operand: a unit, a label, or a side remark that ends the element. */
export function annotation(m: Parser, first: string): void {
  const top = m.top;
  const previous = top.values.at(-1);
  if (previous?.kind === "text") {
    top.values[top.values.length - 1] = m.b.node({ kind: "text", text: `${previous.text} ${first}` });
    return;
  }
  if (/^(?:st|nd|rd|th)$/.test(first) && previous?.kind === "number") return; // an ordinal
  if (remark.test(first)) return m.skipRemark(first);
  if (/(?<![\^A-Za-z\d]|\^-)\d(?!\d*(?:st|nd|rd|th)\b)/.test(first)) {
    throw new ParseError("a number inside a label");
  }
  let unit = first;
  for (let next = m.next; next !== undefined; next = m.next) {
    if (next.type === "text") unit += ` ${next.value}`;
    else if ((next.value === "^" || next.value === "/" || next.value === "*") && next.type === "operator") {
      unit += next.value;
    } else if (next.type === "number" && /\^-?$/.test(unit)) unit += next.value;
    else if (next.value === "-" && unit.endsWith("^")) unit += "-";
    else if ((next.value === "{" || next.value === "}") && unit.includes("^")) unit += "";
    else if (next.type === "symbol" && (unit.endsWith("/") || letterUnits.has(next.value))) {
      unit += ` ${next.value}`;
    } else break;
    if (next.value === "}" && m.top.open === "{") break;
    m.at++;
  }
  if (top.values.at(-1)?.kind === "degree" && /^(?:C|F|celsius|fahrenheit)$/i.test(unit)) {
    const degrees = top.values.pop()!;
    unit = /^c/i.test(unit) ? "celsius" : "fahrenheit";
    return void top.values.push(m.b.node({ kind: "unit", unit }, degrees.args));
  }
  quantity(m, top, unit.slice(0, 100));
}

/** A number with what is counted or measured; `2 h 30 min` is one quantity. */
function quantity(m: Parser, top: Frame, words: string): void {
  const { b } = m;
  const [before, last] = top.values.slice(-2);
  const beside = before?.kind === "unit" && top.operators.at(-1) === operators.juxtaposition;
  if (!beside) m.reduce(operators.binding.multiply);
  let value = top.values.pop()!;
  const one = value.kind === "number" && value.value.p === 1n || value.kind === "div";
  const numeric = some(value, (part) => part.kind === "number");
  const tail = tailOf(words, !one, numeric);
  if (tail.kind === "phrase" || top.phrase !== null) {
    top.values.push(value);
    return m.say(words);
  }
  if (/^of\b/.test(words)) m.skipLabel();
  if (tail.factor !== null) {
    value = value.kind === "number"
      ? b.number(
        multiply(value.value, tail.factor),
        value.places === null || tail.factor.q !== 1n ? null : value.places,
      )
      : b.product(value, b.number(tail.factor));
  }
  if (tail.power !== 1) value = b.node({ kind: "pow" }, [value, b.number({ p: BigInt(tail.power), q: 1n })]);
  if (beside && last !== undefined) {
    const [large, small] = [measureOf(before.unit), measureOf(tail.unit)];
    if (large === null || small === null || large.dimension !== small.dimension) {
      throw new ParseError("two quantities side by side");
    }
    top.operators.pop();
    top.values.pop();
    const ratio = divide(small.scale, large.scale);
    const whole = before.args[0]!;
    const total = whole.kind === "number" && value.kind === "number"
      ? b.number(add(whole.value, multiply(value.value, ratio)))
      : b.sum(whole, b.product(value, b.number(ratio)));
    return void top.values.push(b.node({ kind: "unit", unit: before.unit }, [total]));
  }
  top.values.push(tail.unit === "" ? value : b.node({ kind: "unit", unit: tail.unit }, [value]));
}
