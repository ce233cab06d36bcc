// An iterative Pratt parser: one loop, explicit stacks of frames, values and pending operators.
// Each open bracket or command argument is a frame; nothing recurses, so nesting cannot exhaust the call stack.

import { Builder, type Node, type RelationOp } from "./ast.ts";
import { type Fuel, LimitError, limits, ParseError } from "./fuel.ts";
import { bracketed, closes, type Element, listOf, matrixOf } from "./groups.ts";
import * as operators from "./operators.ts";
import type { Operator } from "./operators.ts";
import { add, rational } from "./rational.ts";
import { type Reading as TokenReading, type Token, tokenize } from "./tokens.ts";

export type Reading = TokenReading & {
  /** `1/2x` is (1/2)x, else 1/(2x). */
  looseSlash: boolean;
  /** One letter after a number may be a unit: `5 m`. */
  letterUnits: boolean;
  /** `\frac12` and `\sqrt2` without braces are accepted. */
  missingBraces: boolean;
};

export type Parsed = {
  node: Node;
  /** Which other readings would give another tree. */
  ambiguous: { comma: boolean; slash: boolean; unit: boolean };
};

type Frame = {
  open: string;
  values: Node[];
  operators: Operator[];
  elements: Element[];
  separator: string;
  rows: Node[][];
  /** Set in frames that collect the arguments of a command; they hold no operators. */
  need: number;
  digit: boolean;
  finish: ((args: Node[]) => void) | null;
};

/** Reads one answer. Throws ParseError outside the grammar and LimitError beyond a limit. */
export function parse(source: string, reading: Reading, fuel: Fuel): Parsed {
  const { tokens, ambiguous } = tokenize(source, reading, fuel);
  const parser = new Parser(tokens, reading, new Builder(fuel), fuel);
  const node = parser.run();
  return { node, ambiguous: { comma: ambiguous, slash: parser.slash, unit: parser.unit } };
}

/** Words that begin a side remark. */
const remark = /^(if|where|when|for|with|because|since|which|as|is|at|on)\b/;

const letterUnits = new Set("m s g h l L N J W V A K d c".split(" "));

class Parser {
  slash = false;
  unit = false;
  private at = 0;
  private readonly frames: Frame[] = [];

  constructor(
    private readonly tokens: Token[],
    private readonly reading: Reading,
    private readonly b: Builder,
    private readonly fuel: Fuel,
  ) {}

  run(): Node {
    this.open("");
    while (this.at < this.tokens.length) {
      this.fuel.spend(1);
      const token = this.tokens[this.at]!;
      this.at++;
      if (this.wantsOperand) this.operand(token);
      else this.operator(token);
    }
    const top = this.top;
    if (this.frames.length !== 1) {
      throw new ParseError(`unclosed ${top.finish !== null ? "command" : top.open}`);
    }
    this.element("");
    if (top.elements.length === 0) throw new ParseError("empty");
    return listOf(this.b, top.elements);
  }

  private get top(): Frame {
    return this.frames[this.frames.length - 1]!;
  }

  private get wantsOperand(): boolean {
    const top = this.top;
    return top.finish !== null || top.values.length === pendingOperands(top);
  }

  private get next(): Token | undefined {
    return this.tokens[this.at];
  }

  private open(open: string): void {
    if (this.frames.length >= limits.nesting) throw new LimitError("nesting");
    this.frames.push({
      open,
      values: [],
      operators: [],
      elements: [],
      separator: "",
      rows: [],
      need: 0,
      digit: false,
      finish: null,
    });
  }

  /** Collects the next `need` primaries; `digit`: a number without braces gives its first digit only. */
  private collect(need: number, digit: boolean, finish: (args: Node[]) => void): void {
    this.open("");
    Object.assign(this.top, { need, digit, finish });
  }

  private deliver(node: Node, direct = false): void {
    const top = this.top;
    top.values.push(node);
    if (top.finish !== null) {
      if (top.values.length === top.need) {
        this.frames.pop();
        top.finish(top.values);
      }
    } else if (direct && top.operators.at(-1)?.isFunction === true) this.reduceOne(top);
  }

  private reduceOne(frame: Frame): void {
    const operator = frame.operators.pop()!;
    const right = frame.values.pop();
    const left = operator.operands === 2 ? frame.values.pop() : right;
    if (left === undefined || right === undefined) throw new ParseError("an operator without an operand");
    frame.values.push(operator.build(this.b, left, right));
  }

  private reduce(power: number): void {
    const top = this.top;
    for (let last = top.operators.at(-1); last !== undefined; last = top.operators.at(-1)) {
      if (last.power < power || (last.power === power && last.right && last.operands === 2)) return;
      this.reduceOne(top);
    }
  }

  private pushOperator(operator: Operator): void {
    const { operators } = this.top;
    if (operators.length >= limits.nesting) throw new LimitError("nesting");
    operators.push(operator);
  }

  private infix(operator: Operator): void {
    this.reduce(operator.power);
    this.pushOperator(operator);
  }

  // ---- where an operand is expected

  private operand(token: Token): void {
    const top = this.top;
    switch (token.type) {
      case "number":
        return this.number(token);
      case "symbol":
        return this.deliver(this.b.node({ kind: "symbol", name: this.scripted(token.value) }));
      case "constant": {
        if (token.value !== "inf" && this.next?.value === "_") {
          return this.deliver(this.b.node({ kind: "symbol", name: this.scripted(token.value) }));
        }
        return this.deliver(this.b.node({ kind: "constant", name: token.value as "pi" | "e" | "i" | "inf" }));
      }
      case "realm":
        return this.deliver(this.b.node({ kind: "realm", name: token.value }));
      case "ellipsis":
        return this.deliver(this.b.node({ kind: "ellipsis" }));
      case "text":
        return this.text(token.value);
      case "open":
        return this.open(token.value);
      case "begin":
        return this.open(`begin ${token.value}`);
      case "function":
        return this.function(token.value);
      case "command":
        return this.command(token.value);
      case "operator":
        return this.prefix(token, top);
      case "close":
      case "end":
      case "cell":
      case "row":
      case "separator":
        if (top.finish === null && top.operators.length === 0) return this.boundary(token);
    }
    throw new ParseError(`unexpected ${token.value}`);
  }

  private number(token: Token): void {
    const { value, places } = token.number!;
    const top = this.top;
    if (top.finish !== null && top.digit) {
      if (!this.reading.missingBraces) throw new ParseError("an argument without braces");
      if (token.value.length > 1) {
        if (!/^\d{2,40}$/.test(token.value)) throw new ParseError("an argument without braces");
        const rest = token.value.slice(1);
        const number = { value: rational(BigInt(rest)), places: null };
        this.tokens[--this.at] = { ...token, value: rest, spaced: false, number };
        return this.deliver(this.b.number(rational(BigInt(token.value[0]!))));
      }
    }
    const [slash, below] = [this.tokens[this.at + 1], this.tokens[this.at + 2]];
    const above = this.next;
    if (
      above?.type === "number" && slash?.value === "/" && below?.type === "number" && places === null &&
      value.q === 1n
    ) {
      const fraction = rational(
        above.number!.value.p,
        below.number!.value.p === 0n ? 1n : below.number!.value.p,
      );
      this.at += 3;
      return this.deliver(this.b.number(add(value, fraction)));
    }
    if (this.next?.value === "_" && places === null) return this.numeral(token.value);
    this.deliver(this.b.number(value, places));
  }

  /** Digits with the base as a subscript. */
  private numeral(digits: string): void {
    this.at++;
    const base = this.subscript();
    const names: Record<string, string> = { two: "2", three: "3", eight: "8", ten: "10", sixteen: "16" };
    const size = Number(names[base] ?? base);
    if (!Number.isInteger(size) || size < 2 || size > 36) {
      throw new ParseError(`a number with subscript ${base}`);
    }
    const plain = digits.replaceAll(",", "");
    this.deliver(this.b.node({ kind: "numeral", digits: plain, base: size }));
  }

  /** The text of the subscript that starts at the next token. */
  private subscript(): string {
    let depth = 0;
    let name = "";
    do {
      const token = this.tokens[this.at++];
      if (token === undefined) throw new ParseError("a subscript without content");
      if (token.type === "open") depth++;
      else if (token.type === "close") depth--;
      if (token.value !== "{" && token.value !== "}") name += token.value;
      if (name.length > 64) throw new LimitError("answer");
    } while (depth > 0);
    return name;
  }

  /** The name of a symbol with its subscript and primes. */
  private scripted(name: string): string {
    let full = name;
    for (let next = this.next; next !== undefined; next = this.next) {
      if (next.value === "'" && next.type === "operator") {
        this.at++;
        full += "'";
      } else if (next.value === "_" && next.type === "operator") {
        this.at++;
        full += `_${this.subscript()}`;
      } else break;
    }
    return full;
  }

  private text(value: string): void {
    if (value === "currency") return;
    const top = this.top;
    const previous = top.values.at(-1);
    if (remark.test(value) && this.frames.length === 1 && top.elements.length > 0) return this.skipRemark();
    if (/(?:is|are|[=:])$/i.test(value) && this.next !== undefined) return;
    if (previous !== undefined && top.finish === null) throw new ParseError("words between operands");
    this.deliver(this.b.node({ kind: "text", text: value }));
  }

  private prefix(token: Token, top: Frame): void {
    const { value } = token;
    if (value === "|") {
      if (top.open === "|" && top.values.length === 0) throw new ParseError("empty bars");
      return this.open("|");
    }
    const operator = operators.prefixOperators.get(value);
    if (operator === undefined) {
      throw new ParseError(`unexpected ${value}`);
    }
    if (top.finish !== null) {
      return this.collect(1, top.digit, ([x]) => this.deliver(operator.build(this.b, x!, x!)));
    }
    const script = top.operators.at(-1)?.power === operators.binding.power;
    this.pushOperator(script ? { ...operator, power: operators.binding.scriptSign } : operator);
  }

  /** A function name: its scripts, then its argument. */
  private function(name: string): void {
    this.scripts((lower, upper) => {
      const operator = operators.call(name, upper, lower);
      if (this.top.finish !== null) {
        this.collect(1, false, ([x]) => this.deliver(operator.build(this.b, x!, x!)));
      } else this.pushOperator(operator);
    });
  }

  /** Reads `_{...}` and `^{...}` in any order. */
  private scripts(done: (lower: Node | null, upper: Node | null) => void): void {
    let lower: Node | null = null;
    let upper: Node | null = null;
    const step = (): void => {
      const next = this.next;
      if (next?.type === "operator" && next.value === "_" && lower === null) {
        this.at++;
        this.collect(1, false, ([x]) => {
          lower = x!;
          step();
        });
      } else if (next?.type === "operator" && next.value === "^" && upper === null) {
        this.at++;
        this.collect(1, false, ([x]) => {
          upper = x!;
          step();
        });
      } else done(lower, upper);
    };
    step();
  }

  private command(name: string): void {
    const { b } = this;
    switch (name) {
      case "frac":
      case "dfrac":
      case "tfrac":
      case "cfrac":
        return this.collect(2, true, ([x, y]) => this.deliver(operators.quotient(b, x!, y!)));
      case "binom":
      case "dbinom":
      case "tbinom":
        return this.collect(2, true, (args) => this.deliver(b.node({ kind: "call", name: "binom" }, args)));
      case "cbrt":
        return this.collect(
          1,
          false,
          ([x]) => this.deliver(b.node({ kind: "root" }, [x!, b.number(rational(3n))])),
        );
      case "sqrt":
        if (this.next?.value === "[") {
          return this.collect(2, false, ([n, x]) => this.deliver(b.node({ kind: "root" }, [x!, n!])));
        }
        if (!this.reading.missingBraces && this.next?.type === "number") {
          throw new ParseError("a root without braces");
        }
        return this.collect(
          1,
          false,
          ([x]) => this.deliver(b.node({ kind: "root" }, [x!, b.number(rational(2n))])),
        );
      case "sum":
      case "prod":
      case "int":
      case "lim":
        return this.scripts((lower, upper) => this.pushOperator(operators.big(name, lower, upper)));
      case "gcd":
        return this.function(name);
      case "variable":
        return this.variable();
    }
    throw new ParseError(`unsupported command \\${name}`);
  }

  /** `\variable{...}`: one name with at most one subscript, as computer algebra systems print it. */
  private variable(): void {
    const start = this.at;
    const name = this.subscript();
    const inside = this.tokens.slice(start + 1, this.at - 1);
    const mark = inside.findIndex((token) => token.value === "_");
    const after = mark < 0 ? [] : inside.slice(mark + 1);
    const braced = after[0]?.value === "{" && after.at(-1)?.value === "}";
    if (inside.some((token) => token.type === "function") || (after.length > 1 && !braced)) {
      throw new ParseError("a variable name");
    }
    this.deliver(this.b.node({ kind: "symbol", name }));
  }

  // ---- where an operator is expected

  private operator(token: Token): void {
    const top = this.top;
    switch (token.type) {
      case "relation":
        return this.infix(operators.relation(token.value as RelationOp));
      case "separator":
      case "row":
      case "cell":
      case "close":
      case "end":
        return this.boundary(token);
      case "text":
        return this.annotation(token.value);
      case "operator":
        return this.afterOperand(token, top);
      case "number": {
        const previous = top.values.at(-1);
        if (previous?.kind === "text" && /^\d/.test(token.value)) {
          top.values.pop();
          return this.deliver(this.b.node({ kind: "text", text: `${previous.text} ${token.value}` }));
        }
        if (this.tokens[this.at - 2]?.type === "number") throw new ParseError("two numbers side by side");
      }
    }
    if (
      token.type === "command" &&
      (token.value === "choose" || token.value === "over" || token.value === "bmod")
    ) {
      return this.infix(operators.infixOperators.get(token.value)!);
    }
    if (token.type === "command" && (token.value === "pmod" || token.value === "mod")) return this.modulus();
    this.juxtapose(token, top);
  }

  private juxtapose(token: Token, top: Frame): void {
    const previous = this.tokens[this.at - 2];
    const spacedLetter = token.type === "symbol" && token.spaced && letterUnits.has(token.value);
    if (
      spacedLetter && previous?.type === "number" && this.frames.length === 1 && this.endsElement(this.at)
    ) {
      this.unit = true;
      if (this.reading.letterUnits) return this.annotation(token.value);
    }
    if (token.value === "(" && previous?.type === "symbol" && this.isApplication(top)) return this.apply(top);
    if (top.values.at(-1)?.kind === "text") return this.afterText(top);
    if (token.type === "function") this.reduce(operators.binding.call);
    const above = top.operators.at(-1);
    if (above?.isSlash === true) {
      this.slash = true;
      if (this.reading.looseSlash) this.reduceOne(top);
    }
    const whole = previous?.type === "number" && token.type === "command" && /frac$/.test(token.value);
    this.infix(whole ? operators.mixed : operators.juxtaposition);
    this.at--;
  }

  /** Words followed by mathematics are a label, unless a number makes them a name such as "June 20". */
  private afterText(top: Frame): void {
    top.values.pop();
    this.at--;
  }

  /** Whether nothing but a unit's exponent or quotient lies between `at` and the end of the element. */
  private endsElement(at: number): boolean {
    for (let token = this.tokens[at]; token !== undefined; token = this.tokens[++at]) {
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
  private isApplication(top: Frame): boolean {
    const last = top.values.at(-1);
    if (last?.kind !== "symbol") return false;
    if (/^[fgh]('|_|$)/.test(last.name)) return true;
    const [inside, close] = this.tokens.slice(this.at, this.at + 2);
    if (close?.value === ")" && (inside?.value === "t" || inside?.value === "0")) return true;
    if (top.operators.length > 0 || top.values.length > 1) return false;
    for (let i = this.at; i < this.tokens.length; i++) {
      const { type, value } = this.tokens[i]!;
      if (value === ")") return this.tokens[i + 1]?.type === "relation";
      if (type !== "symbol" && type !== "number" && type !== "constant" && value !== ",") return false;
    }
    return false;
  }

  private apply(top: Frame): void {
    const head = top.values.pop();
    if (head?.kind !== "symbol") throw new ParseError("a function without a name");
    this.at--;
    this.collect(1, false, ([x]) => {
      const args = x!.kind === "tuple" ? x!.args : [x!];
      this.deliver(this.b.node({ kind: "apply", name: head.name }, args));
    });
  }

  private afterOperand(token: Token, top: Frame): void {
    const { value } = token;
    if (value === "!" || value === "%" || value === "degree" || value === "'") {
      return this.postfix(value, top);
    }
    if (value === "_") return this.subscripted(top);
    if (value === "|") {
      if (top.open === "|") return this.close("|");
      if (top.open === "\\{") return this.such();
      throw new ParseError("a vertical bar");
    }
    if (value === ":" && top.open === "\\{") return this.such();
    if (value === "^") {
      const [first, second, third] = this.tokens.slice(this.at, this.at + 3);
      const braced = first?.value === "{" && third?.value === "}";
      const script = braced ? second : first;
      if (script?.value === "degree" || script?.value === "'" || script?.type === "text") {
        this.at += braced ? 3 : 1;
        return script.type === "text" ? undefined : this.postfix(script.value, top);
      }
    }
    const operator = operators.infixOperators.get(value);
    if (operator === undefined) throw new ParseError(`unexpected ${value}`);
    this.infix(operator);
  }

  private postfix(sign: string, top: Frame): void {
    if (sign === "%" || sign === "degree") this.reduce(operators.binding.juxtapose);
    const value = top.values.pop()!;
    if (sign === "!") top.values.push(this.b.node({ kind: "call", name: "factorial" }, [value]));
    else if (sign === "'") top.values.push(value);
    else top.values.push(this.b.node({ kind: sign === "%" ? "percent" : "degree" }, [value]));
  }

  /** A subscript after a bracket: the base of a numeral such as `(1011)_2`, or the index of a named group. */
  private subscripted(top: Frame): void {
    const value = top.values.pop()!;
    if (value.kind === "number" && value.places === null && value.value.q === 1n) {
      return this.numeralOf(value.value.p.toString());
    }
    if (value.kind === "text") {
      return this.deliver(this.b.node({ kind: "symbol", name: `${value.text}_${this.subscript()}` }));
    }
    throw new ParseError("a subscript");
  }

  private numeralOf(digits: string): void {
    this.at--;
    this.numeral(digits);
  }

  private such(): void {
    this.element("such");
  }

  private modulus(): void {
    // "9 (mod 11)": the residue is the answer.
    const group = this.tokens[this.at];
    if (group?.value === "{") {
      this.subscript();
      return;
    }
    this.at = this.tokens.length;
  }

  /** Words after an operand: a unit, a label, or a side remark that ends the element. */
  private annotation(first: string): void {
    const top = this.top;
    const previous = top.values.at(-1);
    if (previous?.kind === "text") {
      top.values[top.values.length - 1] = this.b.node({ kind: "text", text: `${previous.text} ${first}` });
      return;
    }
    if (remark.test(first)) return this.skipRemark();
    let unit = first;
    for (let next = this.next; next !== undefined; next = this.next) {
      if (next.type === "text") unit += ` ${next.value}`;
      else if ((next.value === "^" || next.value === "/" || next.value === "*") && next.type === "operator") {
        unit += next.value;
      } else if (next.type === "number" && unit.endsWith("^")) unit += next.value;
      else if (next.value === "-" && unit.endsWith("^")) unit += "-";
      else if ((next.value === "{" || next.value === "}") && unit.includes("^")) unit += "";
      else if (next.type === "symbol" && (unit.endsWith("/") || letterUnits.has(next.value))) {
        unit += ` ${next.value}`;
      } else break;
      if (next.value === "}" && this.top.open === "{") break;
      this.at++;
    }
    this.reduce(operators.binding.multiply);
    const value = top.values.pop()!;
    top.values.push(this.b.node({ kind: "unit", unit: unit.slice(0, 100) }, [value]));
  }

  /** A remark runs to the end of the answer. */
  private skipRemark(): void {
    if (this.frames.length === 1) this.at = this.tokens.length;
  }

  // ---- the ends of elements and frames

  /** Finishes the current element; `separator` is what stands after it. */
  private element(separator: string): void {
    const top = this.top;
    if (top.values.length > 0) {
      this.reduce(0);
      if (top.values.length !== 1) throw new ParseError("operands without an operator");
      top.elements.push({
        node: hoistUnit(this.b, top.values.pop()!),
        separator: top.elements.length === 0 ? "" : top.separator,
      });
    }
    if (top.operators.length > 0) throw new ParseError("an operator without an operand");
    if (separator !== "and" || top.separator !== "," || top.elements.length > 0) top.separator = separator;
  }

  private boundary(token: Token): void {
    const top = this.top;
    const matrix = top.open.startsWith("begin ");
    if (token.type === "separator") {
      const empty = top.values.length === 0;
      if (empty && token.value !== "and" && token.value !== "or" && top.elements.length === 0) {
        throw new ParseError("a leading comma");
      }
      // "2, 3, and 5": the comma was the separator already
      if (empty) return;
      return this.element(token.value);
    }
    if (token.type === "close") return this.close(token.value);
    if (matrix && token.type === "cell") return this.cell(top);
    if (matrix && (token.type === "row" || token.type === "end")) {
      if (top.values.length > 0 || top.elements.length > 0) this.cell(top);
      if (token.type === "row") return void top.rows.push([]);
      this.frames.pop();
      return this.deliver(matrixOf(this.b, top.open.slice(6), top.rows));
    }
    if (token.type === "cell") return; // alignment marks outside a matrix
    if (token.type === "row") return this.top.values.length === 0 ? undefined : this.element("\\\\");
    throw new ParseError(`unexpected ${token.value}`);
  }

  private cell(top: Frame): void {
    this.element("");
    if (top.elements.length === 0) throw new ParseError("an empty cell");
    if (top.rows.length === 0) top.rows.push([]);
    top.rows.at(-1)!.push(listOf(this.b, top.elements));
    top.elements = [];
  }

  private close(sign: string): void {
    const top = this.top;
    const bars = top.open === "|" && sign === "|";
    if (!bars && !closes(top.open, sign)) throw new ParseError(`unexpected ${sign}`);
    this.element("");
    this.frames.pop();
    const node = bars
      ? this.b.node({ kind: "call", name: "abs" }, [listOf(this.b, top.elements)])
      : bracketed(this.b, top.open, sign, top.elements);
    this.deliver(node, !bars && (top.open === "(" || top.open === "{" || top.open === "["));
  }
}

function pendingOperands(frame: Frame): number {
  let binary = 0;
  for (const operator of frame.operators) if (operator.operands === 2) binary++;
  return binary;
}

/** `1 + 2 cm` and `1 cm + 2 cm` carry the unit as a whole. */
function hoistUnit(b: Builder, node: Node): Node {
  if (node.kind !== "add" && node.kind !== "plusminus") return node;
  const last = node.args.at(-1);
  if (last?.kind !== "unit") return node;
  const { unit } = last;
  if (node.args.some((arg) => arg.kind === "unit" && arg.unit !== unit)) return node;
  return b.node({ kind: "unit", unit }, [
    b.with(node, node.args.map((arg) => arg.kind === "unit" ? arg.args[0]! : arg)),
  ]);
}
