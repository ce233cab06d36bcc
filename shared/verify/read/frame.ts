// One open bracket or command argument of the parser, and what its current element becomes.

import { ParseError } from "../tree/fuel.ts";
import type { Builder, Node } from "../tree/node.ts";
import type { Element } from "./brackets.ts";
import type { Operator } from "./operators.ts";

/** Words with "#" for each of `args`. */
type Phrase = { words: string[]; args: Node[] };

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
  /** Words of the current element so far, with "#" for each of `phrase.args`; null: mathematics only. */
  phrase: Phrase | null;
  /** The unit of a sign of money in front of the current element. */
  currency: string | null;
};

export function pendingOperands(frame: Frame): number {
  let binary = 0;
  for (const operator of frame.operators) if (operator.operands === 2) binary++;
  return binary;
}

/** A sum of money; in front of a list or an unreadable value the sign says nothing. */
function inCurrency(b: Builder, value: Node, unit: string): Node {
  return value.kind === "number" || value.kind === "mul" || value.kind === "div" || value.kind === "add"
    ? b.node({ kind: "unit", unit }, [value])
    : value;
}

/** `1 + 2 cm` and `1 cm + 2 cm` carry the unit as a whole. */
export function hoistUnit(b: Builder, node: Node): Node {
  if (node.kind !== "add" && node.kind !== "plusminus") return node;
  const last = node.args.at(-1);
  if (last?.kind !== "unit") return node;
  const { unit } = last;
  if (node.args.some((arg) => arg.kind === "unit" && arg.unit !== unit)) return node;
  return b.node({ kind: "unit", unit }, [
    b.with(node, node.args.map((arg) => arg.kind === "unit" ? arg.args[0]! : arg)),
  ]);
}

/** The value of the current element with its unit of money, inside the words around it. */
export function completed(b: Builder, top: Frame): Node {
  let value = top.values.pop() ?? null;
  if (value !== null) {
    value = hoistUnit(b, value);
    if (top.currency !== null && value.kind !== "unit") value = inCurrency(b, value, top.currency);
  }
  top.currency = null;
  if (top.phrase === null) return value!;
  const { words, args } = top.phrase;
  top.phrase = null;
  if (value !== null) addPart({ words, args }, value);
  const text = words.join(" ");
  if (args.length === 0) return b.node({ kind: "text", text });
  const relation = /^(?:all|every|any) #$/i.test(text) && args[0]!.kind === "relation"; // "all n >= 4"
  return text === "#" || relation ? args[0]! : b.node({ kind: "phrase", words: text }, args);
}

/** Adds a part of a phrase. */
export function addPart({ words, args }: Phrase, value: Node): void {
  if (value.kind === "text") words.push(value.text);
  else if (args.length >= 8) throw new ParseError("a sentence instead of an answer");
  else {
    words.push("#");
    args.push(value);
  }
}
