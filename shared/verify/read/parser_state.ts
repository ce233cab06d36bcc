// The state of the parser: a stack of frames, each with its values and pending operators.
// Each open bracket or command argument is a frame; nothing recurses, so nesting cannot exhaust the call stack.

import type { Builder, Node } from "../tree/node.ts";
import { condition, quantifier } from "./words.ts";
import { type Fuel, LimitError, limits, ParseError } from "../tree/fuel.ts";
import { bracketed, closes, listOf, matrixOf } from "./brackets.ts";
import { addPart, completed, type Frame, hoistUnit, pendingOperands } from "./frame.ts";
import type { Operator } from "./operators.ts";
import type { LexerOptions, Token } from "./lexer.ts";

export type ParserOptions = LexerOptions & {
  /** `1/2x` is (1/2)x, else 1/(2x). */
  looseSlash: boolean;
  /** One letter after a number may be a unit: `5 m`. */
  letterUnits: boolean;
  /** "..., where n is odd" may follow the answer. */
  remarks: boolean;
  /** `\frac12` and `\sqrt2` without braces are accepted. */
  missingBraces: boolean;
};

export class Parser {
  /** The notation met so far is ambiguous: a quotient before a factor, a letter after a number. */
  slash = false;
  unit = false;
  remarked = false;
  /** Index of the token after the current one. */
  at = 0;
  readonly frames: Frame[] = [];

  constructor(
    readonly tokens: Token[],
    readonly reading: ParserOptions,
    readonly b: Builder,
    readonly fuel: Fuel,
  ) {}

  get top(): Frame {
    return this.frames[this.frames.length - 1]!;
  }

  get wantsOperand(): boolean {
    const top = this.top;
    return top.finish !== null || top.values.length === pendingOperands(top);
  }

  get next(): Token | undefined {
    return this.tokens[this.at];
  }

  open(open: string): void {
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
      phrase: null,
      currency: null,
    });
  }

  /** Collects the next `need` primaries; `digit`: a number without braces gives its first digit only. */
  collect(need: number, digit: boolean, finish: (args: Node[]) => void): void {
    this.open("");
    Object.assign(this.top, { need, digit, finish });
  }

  deliver(node: Node, direct = false): void {
    const top = this.top;
    top.values.push(node);
    if (top.finish !== null) {
      if (top.values.length === top.need) {
        this.frames.pop();
        top.finish(top.values);
      }
    } else if (direct && top.operators.at(-1)?.isFunction === true) this.reduceOne(top);
  }

  reduceOne(frame: Frame): void {
    const operator = frame.operators.pop()!;
    const right = frame.values.pop();
    const left = operator.operands === 2 ? frame.values.pop() : right;
    if (left === undefined || right === undefined) throw new ParseError("an operator without an operand");
    frame.values.push(operator.build(this.b, left, right));
  }

  reduce(power: number): void {
    const top = this.top;
    for (let last = top.operators.at(-1); last !== undefined; last = top.operators.at(-1)) {
      if (last.power < power || (last.power === power && last.right && last.operands === 2)) return;
      this.reduceOne(top);
    }
  }

  pushOperator(operator: Operator): void {
    const { operators } = this.top;
    if (operators.length >= limits.nesting) throw new LimitError("nesting");
    operators.push(operator);
  }

  infix(operator: Operator): void {
    this.reduce(operator.power);
    this.pushOperator(operator);
  }

  /** Finishes the current element; `separator` is what stands after it. */
  element(separator: string): void {
    const top = this.top;
    if (top.values.length > 0 || top.phrase !== null) {
      this.reduce(0);
      if (top.values.length > 1) throw new ParseError("operands without an operator");
      top.elements.push({
        node: completed(this.b, top),
        separator: top.elements.length === 0 ? "" : top.separator,
      });
    }
    if (top.operators.length > 0) throw new ParseError("an operator without an operand");
    if (separator !== "and" || top.separator !== "," || top.elements.length > 0) top.separator = separator;
  }

  /** Goes on with words: what stands before them in this element becomes a part of the phrase. */
  say(words: string): void {
    const top = this.top;
    top.phrase ??= { words: [], args: [] };
    if (top.values.length > 0) {
      this.reduce(0);
      if (top.values.length !== 1 || top.operators.length > 0) throw new ParseError("words inside a formula");
      addPart(top.phrase, hoistUnit(this.b, top.values.pop()!));
    }
    if (top.operators.length > 0) throw new ParseError("words inside a formula");
    top.phrase.words.push(words);
  }

  boundary(token: Token): void {
    const top = this.top;
    const matrix = top.open.startsWith("begin ");
    if (token.type === "separator") {
      const empty = top.values.length === 0 && top.phrase === null;
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
      if (top.values.length > 0 || top.elements.length > 0 || top.phrase !== null) this.cell(top);
      if (token.type === "row") return void top.rows.push([]);
      this.frames.pop();
      return this.deliver(matrixOf(this.b, top.open.slice(6), top.rows));
    }
    if (token.type === "cell") return; // alignment marks outside a matrix
    if (token.type === "row") {
      return top.values.length === 0 && top.phrase === null ? undefined : this.element("\\\\");
    }
    throw new ParseError(`unexpected ${token.value}`);
  }

  cell(top: Frame): void {
    this.element("");
    if (top.elements.length === 0) throw new ParseError("an empty cell");
    if (top.rows.length === 0) top.rows.push([]);
    top.rows.at(-1)!.push(listOf(this.b, top.elements));
    top.elements = [];
  }

  close(sign: string): void {
    const top = this.top;
    const bars = (top.open === "|" || top.open === "||") && sign === top.open;
    if (!bars && !closes(top.open, sign)) throw new ParseError(`unexpected ${sign}`);
    this.element("");
    this.frames.pop();
    const node = bars
      ? this.b.node({ kind: "call", name: sign === "|" ? "abs" : "norm" }, [listOf(this.b, top.elements)])
      : bracketed(this.b, top.open, sign, top.elements);
    this.deliver(node, !bars && (top.open === "(" || top.open === "{" || top.open === "["));
  }

  /** A remark runs to the end of the answer or of its brackets. A second condition in it makes it a case distinction. */
  skipRemark(first: string): void {
    const rest: Token[] = [];
    let depth = 0;
    for (let next = this.next; next !== undefined; next = this.next) {
      depth += next.type === "open" || next.type === "begin"
        ? 1
        : next.type === "close" || next.type === "end"
        ? -1
        : 0;
      if (depth < 0 && this.frames.length > 1) break;
      rest.push(next);
      this.at++;
    }
    const words = rest.filter((token) => token.type === "text").map((token) => token.value);
    const separated = rest.findIndex((token) => token.type === "separator" && token.value !== ",");
    if (
      words.some((text) => condition.test(text)) || /\b(?:otherwise|else)\b/.test(first) ||
      (condition.test(first) && separated >= 0 &&
        rest.slice(separated + 1).some((token) => token.type === "number") &&
        !quantifier.test(first))
    ) throw new ParseError("a case distinction");
    this.remarked = true;
    const harmless = quantifier.test(first) && separated < 0;
    if (!this.reading.remarks && !harmless) throw new ParseError("a remark inside the answer");
  }

  /** "12 of the 30 students": what follows only says what is counted. */
  skipLabel(): void {
    for (let next = this.next; next !== undefined; next = this.next) {
      if (!["number", "text", "symbol"].includes(next.type)) return;
      this.at++;
    }
  }

  /** The text of the subscript that starts at the next token. */
  subscript(): string {
    let depth = 0;
    let name = "";
    do {
      const token = this.tokens[this.at++];
      if (token === undefined) throw new ParseError("a subscript without content");
      if (token.type === "open") depth++;
      else if (token.type === "close") depth--;
      if (token.value !== "{" && token.value !== "}" && token.value !== ",") name += token.value;
      if (name.length > 64) throw new LimitError("answer");
    } while (depth > 0);
    return name;
  }

  /** The name of a symbol with its subscript and primes. */
  scripted(name: string): string {
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
}
