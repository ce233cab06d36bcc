// The state of the parser: a stack of frames, each with its values and pending operators.
// Each open bracket or command argument is a frame; nothing recurses, so nesting cannot exhaust the call stack.

import type { Builder, Node } from "../tree/node.ts";
import { type Fuel, LimitError, limits, ParseError } from "../tree/fuel.ts";
import { bracketed, closes, type Element, listOf, matrixOf } from "./brackets.ts";
import type { Operator } from "./operators.ts";
import type { Reading as TokenReading, Token } from "./lexer.ts";

export type Reading = TokenReading & {
  /** `1/2x` is (1/2)x, else 1/(2x). */
  looseSlash: boolean;
  /** One letter after a number may be a unit: `5 m`. */
  letterUnits: boolean;
  /** "..., where n is odd" may follow the answer. */
  remarks: boolean;
  /** `\frac12` and `\sqrt2` without braces are accepted. */
  missingBraces: boolean;
};

export type Frame = {
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

/** Words that begin a side remark. */
export const remark = /^(if|where|when|for|with|because|since|which|as|is|at|on)\b/;

export class Parser {
  /** The notation met so far is ambiguous: a quotient before a factor, a letter after a number. */
  slash = false;
  unit = false;
  /** Index of the token after the current one. */
  at = 0;
  readonly frames: Frame[] = [];

  constructor(
    readonly tokens: Token[],
    readonly reading: Reading,
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

  boundary(token: Token): void {
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

  cell(top: Frame): void {
    this.element("");
    if (top.elements.length === 0) throw new ParseError("an empty cell");
    if (top.rows.length === 0) top.rows.push([]);
    top.rows.at(-1)!.push(listOf(this.b, top.elements));
    top.elements = [];
  }

  close(sign: string): void {
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

  /** A remark runs to the end of the answer. */
  skipRemark(): void {
    if (!this.reading.remarks) throw new ParseError("a remark inside the answer");
    if (this.frames.length === 1) this.at = this.tokens.length;
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
      if (token.value !== "{" && token.value !== "}") name += token.value;
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
