// The parser where an operator is expected: infix and postfix signs, products without a sign, units, remarks.

import type { Node, RelationOp } from "../tree/node.ts";
import { ParseError } from "../tree/fuel.ts";
import type { Frame } from "./frame.ts";
import type { Parser } from "./parser_state.ts";
import { numeral } from "./prefix.ts";
import { annotation, bracketedWords, letterUnits } from "./quantities.ts";
import { add } from "../tree/rational.ts";
import * as operators from "./operators.ts";
import type { Token } from "./lexer.ts";

export function readSuffix(m: Parser, token: Token): void {
  const top = m.top;
  switch (token.type) {
    case "relation":
      return m.infix(operators.relation(token.value as RelationOp));
    case "separator":
    case "row":
    case "cell":
    case "close":
    case "end":
      return m.boundary(token);
    case "text":
    case "currency":
      return annotation(m, token.value);
    case "open":
      if (
        token.value === "[" && (top.open === "[" || top.open === "]") && top.elements.length === 1 &&
        endsInterval(m)
      ) {
        return m.close("[");
      }
      break;
    case "operator":
      return afterOperand(m, token, top);
    case "number": {
      if (m.tokens[m.at - 2]?.type === "number") throw new ParseError("two numbers side by side");
    }
  }
  if (
    token.type === "command" &&
    (token.value === "choose" || token.value === "over" || token.value === "bmod")
  ) {
    return m.infix(operators.infixOperators.get(token.value)!);
  }
  if (token.type === "command" && (token.value === "pmod" || token.value === "mod")) return modulus(m);
  juxtapose(m, token, top);
}

function juxtapose(m: Parser, token: Token, top: Frame): void {
  const previous = m.tokens[m.at - 2];
  const spacedLetter = token.type === "symbol" && token.spaced && letterUnits.has(token.value);
  if (
    spacedLetter && previous?.type === "number" && m.frames.length === 1 && endsElement(m, m.at)
  ) {
    m.unit = true;
    if (m.reading.letterUnits) return annotation(m, token.value);
  }
  const label = token.value === "(" ? bracketedWords(m) : null;
  if (label !== null) return annotation(m, `(${label})`);
  if (token.value === "(" && previous?.type === "symbol" && isApplication(m, top)) return apply(m, top);
  const degrees = top.values.at(-1)?.kind === "degree" && token.type === "symbol" &&
    /^[CF]$/.test(token.value);
  if (degrees && (m.next === undefined || endsElement(m, m.at))) return annotation(m, token.value);
  if (token.type === "function") m.reduce(operators.binding.call);
  const above = top.operators.at(-1);
  if (above?.isSlash === true) {
    const bracketed = previous?.value === ")"; // "a/(b) x" is no "a/(b x)"
    m.slash ||= !bracketed;
    if (m.reading.looseSlash || bracketed) m.reduceOne(top);
  }
  const whole = previous?.type === "number" && token.type === "command" && /frac$/.test(token.value);
  m.infix(whole ? operators.mixed : operators.juxtaposition);
  m.at--;
}

/** `[2, 5[` */
const endsInterval = (m: Parser): boolean =>
  m.next === undefined || ["separator", "close", "relation", "end"].includes(m.next.type) ||
  m.next.value === "cup" || m.next.value === "cap";

/** Whether nothing but a unit's exponent or quotient lies between `at` and the end of the element. */
function endsElement(m: Parser, at: number): boolean {
  for (let token = m.tokens[at]; token !== undefined; token = m.tokens[++at]) {
    if (["separator", "close", "relation", "row", "cell", "end"].includes(token.type)) return true;
    if (!["^", "/"].includes(token.value) && token.type !== "number" && token.type !== "text") {
      if (token.type !== "symbol" || !letterUnits.has(token.value)) return false;
    }
  }
  return true;
}

/**
 * Whether the bracket that opens is an argument list: `f(...)`, a letter over time or at zero such as `x(t)` and `I(0)`,
 * or any letter whose brackets hold names only and end at a relation sign: `W(n) =`.
 */
function isApplication(m: Parser, top: Frame): boolean {
  const last = top.values.at(-1);
  if (last?.kind !== "symbol") return false;
  if (/^(?:[fgh](?:'|_|$)|fn:|zeta$|(?:var)?phi$|Phi$|[Pp]si$|mho$)/.test(last.name)) return true;
  const [inside, close] = m.tokens.slice(m.at, m.at + 2);
  if (close?.value === ")" && (inside?.value === "t" || inside?.value === "0")) return true;
  if (top.operators.length > 0 || top.values.length > 1) return false;
  for (let i = m.at; i < m.tokens.length; i++) {
    const { type, value } = m.tokens[i]!;
    if (value === ")") return m.tokens[i + 1]?.type === "relation";
    if (type !== "symbol" && type !== "number" && type !== "constant" && value !== ",") return false;
  }
  return false;
}

function apply(m: Parser, top: Frame): void {
  const head = top.values.pop();
  if (head?.kind !== "symbol") throw new ParseError("a function without a name");
  m.at--;
  m.collect(1, false, ([x]) => {
    const args = x!.kind === "tuple" ? x!.args : [x!];
    m.deliver(m.b.node({ kind: "apply", name: head.name }, args));
  });
}

function afterOperand(m: Parser, token: Token, top: Frame): void {
  const { value } = token;
  if (value === "!" || value === "%" || value === "degree" || value === "'") {
    return postfix(m, value, top);
  }
  if (value === "_") return subscripted(m, top);
  if (value === "|") {
    if (top.open === "|") return m.close("|");
    if (top.open === "\\{") return such(m);
    if (m.frames.length === 1) return m.infix(operators.relation("divides"));
    throw new ParseError("a vertical bar");
  }
  if (value === "||" && top.open === "||") return m.close("||");
  if (value === ":" && top.open === "\\{") return such(m);
  if (value === "^") {
    const [first, second, third] = m.tokens.slice(m.at, m.at + 3);
    const braced = first?.value === "{" && third?.value === "}";
    const script = braced ? second : first;
    const sign = script?.value === "+" || script?.value === "-" || script?.value === "*";
    const [value] = top.values.slice(-1);
    const after = m.tokens[m.at + 1];
    const alone = braced || after === undefined ||
      !["number", "symbol", "open", "constant", "function"].includes(after.type);
    if (sign && alone && (value?.kind === "realm" || value?.kind === "symbol")) {
      m.at += braced ? 3 : 1;
      top.values[top.values.length - 1] = value.kind === "realm"
        ? m.b.node({ kind: "realm", name: value.name + script.value })
        : m.b.node({ kind: "symbol", name: `${value.name}^${script.value}` });
      return;
    }
    const ordinal = script?.type === "text" && /^(?:st|nd|rd|th)$/.test(script.value);
    if (script?.value === "degree" || script?.value === "'" || ordinal) {
      m.at += braced ? 3 : 1;
      return ordinal ? undefined : postfix(m, script!.value, top);
    }
    if (script?.type === "text" && !/^[A-Za-z]$/.test(script.value)) {
      throw new ParseError("words as an exponent");
    }
  }
  const operator = operators.infixOperators.get(value);
  if (operator === undefined) throw new ParseError(`unexpected ${value}`);
  m.infix(operator);
}

function postfix(m: Parser, sign: string, top: Frame): void {
  if (sign === "%" || sign === "degree") m.reduce(operators.binding.juxtapose);
  const value = top.values.pop()!;
  if (sign === "!") {
    const double = m.next?.value === "!" && m.next.type === "operator";
    if (double) m.at++;
    top.values.push(m.b.node({ kind: "call", name: double ? "factorial2" : "factorial" }, [value]));
  } else if (sign === "'") prime(m, value, top);
  else top.values.push(m.b.node({ kind: sign === "%" ? "percent" : "degree" }, [value]));
}

/** A prime: minutes or seconds of arc behind degrees, else the derivative of what stands before it. */
function prime(m: Parser, value: Node, top: Frame): void {
  let seconds = false;
  if (m.next?.value === "'" && m.next.type === "operator") {
    m.at++;
    seconds = true;
  }
  if (value.kind === "symbol") {
    const name = `${value.name}'${seconds ? "'" : ""}`;
    return void top.values.push(m.b.node({ kind: "symbol", name }));
  }
  const whole = top.values.at(-1);
  if (
    value.kind !== "number" || whole?.kind !== "degree" || top.operators.at(-1) !== operators.juxtaposition
  ) {
    const name = seconds ? "derivative2" : "derivative";
    return void top.values.push(m.b.node({ kind: "call", name }, [value]));
  }
  top.operators.pop();
  top.values.pop();
  const part = m.b.number({ p: value.value.p, q: value.value.q * (seconds ? 3600n : 60n) });
  const [degrees] = whole.args;
  const sum = degrees!.kind === "number"
    ? m.b.number(add(degrees!.value, part.value))
    : m.b.sum(degrees!, part);
  top.values.push(m.b.node({ kind: "degree" }, [sum]));
}

/** A subscript after a bracket: the base of a numeral such as `(1011)_2`, or the index of a named group. */
function subscripted(m: Parser, top: Frame): void {
  const value = top.values.pop()!;
  if (value.kind === "number" && value.places === null && value.value.q === 1n) {
    return numeralOf(m, value.value.p.toString());
  }
  if (value.kind === "symbol") {
    return m.deliver(m.b.node({ kind: "symbol", name: `${value.name}_${m.subscript()}` }));
  }
  if (value.kind === "text" && /^[0-9A-Za-z]*\d[0-9A-Za-z]*$/.test(value.text)) {
    return numeralOf(m, value.text);
  }
  if (value.kind === "text") {
    return m.deliver(m.b.node({ kind: "symbol", name: `${value.text}_${m.subscript()}` }));
  }
  throw new ParseError("a subscript");
}

function numeralOf(m: Parser, digits: string): void {
  m.at--;
  numeral(m, digits);
}

function such(m: Parser): void {
  m.element("such");
}

/** `x \equiv 3 \pmod 7`: all that stands before it holds for this modulus. */
function modulus(m: Parser): void {
  m.reduce(0);
  const value = m.top.values.pop()!;
  m.collect(1, false, ([n]) => m.top.values.push(m.b.node({ kind: "congruence" }, [value, n!])));
}
