// The parser where an operand is expected: numbers, names, prefixes and commands with arguments.

import type { Node } from "../tree/node.ts";
import { ParseError } from "../tree/fuel.ts";
import type { Frame } from "./frame.ts";
import type { Parser } from "./parser_state.ts";
import { leadWords } from "./lead_words.ts";
import * as operators from "./operators.ts";
import { add, rational } from "../tree/rational.ts";
import type { Token } from "./lexer.ts";

export function readOperand(m: Parser, token: Token): void {
  const top = m.top;
  switch (token.type) {
    case "number":
      return number(m, token);
    case "symbol":
      if (token.value === "C" && m.next?.value === "_" && isCombination(m)) {
        return scripts(m, (n, k) => m.deliver(m.b.node({ kind: "call", name: "binom" }, [n!, k!])));
      }
      return m.deliver(m.b.node({ kind: "symbol", name: m.scripted(token.value) }));
    case "currency":
      if (top.finish === null && top.values.length === 0) top.currency = token.value;
      return;
    case "relation":
      if (top.finish !== null || top.values.length > 0 || top.operators.length > 0) break;
      if (token.value === "=" || token.value === "==") return;
      if (token.value === "~" || token.value === "sim") {
        m.deliver(m.b.node({ kind: "text", text: "answer" }));
        return m.infix(operators.relation("~"));
      }
      break;
    case "constant": {
      if (token.value !== "inf" && m.next?.value === "_") {
        return m.deliver(m.b.node({ kind: "symbol", name: m.scripted(token.value) }));
      }
      return m.deliver(m.b.node({ kind: "constant", name: token.value as "pi" | "e" | "i" | "inf" }));
    }
    case "realm":
      return m.deliver(m.b.node({ kind: "realm", name: token.value }));
    case "ellipsis":
      return m.deliver(m.b.node({ kind: "ellipsis" }));
    case "text":
      return leadWords(m, token.value);
    case "open":
      return m.open(token.value);
    case "close":
      if (token.value === "]" && m.frames.length === 1 && top.values.length === 0) return m.open("]");
      if (top.finish === null && top.operators.length === 0) return m.boundary(token);
      break;
    case "begin":
      return m.open(`begin ${token.value}`);
    case "function":
      return functionName(m, token.value);
    case "command":
      return command(m, token.value);
    case "operator":
      return prefix(m, token, top);
    case "end":
    case "cell":
    case "row":
    case "separator":
      if (top.finish === null && top.operators.length === 0) return m.boundary(token);
  }
  throw new ParseError(`unexpected ${token.value}`);
}

function number(m: Parser, token: Token): void {
  const { value, places } = token.number!;
  const top = m.top;
  if (top.finish !== null && top.digit) {
    if (!m.reading.missingBraces) throw new ParseError("an argument without braces");
    if (token.value.length > 1) {
      if (!/^\d{2,40}$/.test(token.value)) throw new ParseError("an argument without braces");
      const rest = token.value.slice(1);
      const number = { value: rational(BigInt(rest)), places: null };
      m.tokens[--m.at] = { ...token, value: rest, spaced: false, number };
      return m.deliver(m.b.number(rational(BigInt(token.value[0]!))));
    }
  }
  const [slash, below] = [m.tokens[m.at + 1], m.tokens[m.at + 2]];
  const above = m.next;
  if (
    above?.type === "number" && slash?.value === "/" && below?.type === "number" && places === null &&
    value.q === 1n
  ) {
    const fraction = rational(
      above.number!.value.p,
      below.number!.value.p === 0n ? 1n : below.number!.value.p,
    );
    m.at += 3;
    return m.deliver(m.b.number(add(value, fraction)));
  }
  if (m.next?.value === "_" && places === null) return numeral(m, token.value);
  m.deliver(m.b.number(value, places));
}

/** Digits with the base as a subscript. */
export function numeral(m: Parser, digits: string): void {
  m.at++;
  const base = m.subscript();
  const names: Record<string, string> = {
    two: "2",
    three: "3",
    eight: "8",
    ten: "10",
    sixteen: "16",
    hex: "16",
  };
  const size = Number(names[base] ?? base.replace(/^\((.*)\)$/, "$1"));
  if (!Number.isInteger(size) || size < 2 || size > 36) {
    throw new ParseError(`a number with subscript ${base}`);
  }
  const plain = digits.replaceAll(",", "");
  m.deliver(m.b.node({ kind: "numeral", digits: plain.toUpperCase(), base: size }));
}

/** `C_n^k` with both scripts is a binomial coefficient; `C_1^2` is the square of a constant. */
function isCombination(m: Parser): boolean {
  const index = (from: number): { end: number; token: Token | undefined } => {
    if (m.tokens[from]?.value !== "{") return { end: from + 1, token: m.tokens[from] };
    let end = from + 1;
    while (end < m.tokens.length && m.tokens[end]!.value !== "}") end++;
    return { end: end + 1, token: end === from + 2 ? m.tokens[from + 1] : undefined };
  };
  const lower = index(m.at + 1);
  if (m.tokens[lower.end]?.value !== "^" || m.tokens[lower.end]?.type !== "operator") return false;
  const upper = index(lower.end + 1);
  const [n, k] = [lower.token?.number, upper.token?.number];
  if (n !== undefined && k !== undefined) return n.value.p >= k.value.p;
  return n !== undefined || lower.token === undefined || lower.token.type === "symbol";
}

function prefix(m: Parser, token: Token, top: Frame): void {
  const { value } = token;
  if (value === "|") {
    if (top.open === "|" && top.values.length === 0) throw new ParseError("empty bars");
    return m.open("|");
  }
  if (value === "||") return m.open("||");
  const operator = operators.prefixOperators.get(value);
  if (operator === undefined) {
    throw new ParseError(`unexpected ${value}`);
  }
  if (top.finish !== null) {
    return m.collect(1, top.digit, ([x]) => m.deliver(operator.build(m.b, x!, x!)));
  }
  const script = top.operators.at(-1)?.power === operators.binding.power;
  m.pushOperator(script ? { ...operator, power: operators.binding.scriptSign } : operator);
}

/** A function name: its scripts, then its argument. */
function functionName(m: Parser, name: string): void {
  scripts(m, (lower, upper) => {
    const operator = operators.call(name, upper, lower);
    if (m.top.finish !== null) {
      m.collect(1, false, ([x]) => m.deliver(operator.build(m.b, x!, x!)));
    } else m.pushOperator(operator);
  });
}

/** Reads `_{...}` and `^{...}` in any order. */
function scripts(m: Parser, done: (lower: Node | null, upper: Node | null) => void): void {
  let lower: Node | null = null;
  let upper: Node | null = null;
  const step = (): void => {
    const next = m.next;
    if (next?.type === "operator" && next.value === "_" && lower === null) {
      m.at++;
      m.collect(1, false, ([x]) => {
        lower = x!;
        step();
      });
    } else if (next?.type === "operator" && next.value === "^" && upper === null) {
      m.at++;
      m.collect(1, false, ([x]) => {
        upper = x!;
        step();
      });
    } else done(lower, upper);
  };
  step();
}

function command(m: Parser, name: string): void {
  const { b } = m;
  switch (name) {
    case "frac":
    case "dfrac":
    case "tfrac":
    case "cfrac":
      return m.collect(2, true, ([x, y]) => m.deliver(operators.quotient(b, x!, y!)));
    case "binom":
    case "dbinom":
    case "tbinom":
      return m.collect(2, true, (args) => m.deliver(b.node({ kind: "call", name: "binom" }, args)));
    case "cbrt":
      return m.collect(
        1,
        false,
        ([x]) => m.deliver(b.node({ kind: "root" }, [x!, b.number(rational(3n))])),
      );
    case "sqrt":
      if (m.next?.value === "[") {
        return m.collect(2, false, ([n, x]) => m.deliver(b.node({ kind: "root" }, [x!, n!])));
      }
      if (!m.reading.missingBraces && m.next?.type === "number") {
        throw new ParseError("a root without braces");
      }
      return m.collect(
        1,
        false,
        ([x]) => m.deliver(b.node({ kind: "root" }, [x!, b.number(rational(2n))])),
      );
    case "sum":
    case "prod":
    case "int":
    case "lim":
      return scripts(m, (lower, upper) => m.pushOperator(operators.big(name, lower, upper)));
    case "gcd":
      return functionName(m, name);
    case "variable":
      return variable(m);
  }
  throw new ParseError(`unsupported command \\${name}`);
}

/** `\variable{...}`: one name with at most one subscript, as computer algebra systems print it. */
function variable(m: Parser): void {
  const start = m.at;
  const name = m.subscript();
  const inside = m.tokens.slice(start + 1, m.at - 1);
  const mark = inside.findIndex((token) => token.value === "_");
  const after = mark < 0 ? [] : inside.slice(mark + 1);
  const braced = after[0]?.value === "{" && after.at(-1)?.value === "}";
  if (inside.some((token) => token.type === "function") || (after.length > 1 && !braced)) {
    throw new ParseError("a variable name");
  }
  m.deliver(m.b.node({ kind: "symbol", name }));
}
