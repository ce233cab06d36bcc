// An iterative Pratt parser: one loop over the tokens, explicit stacks of frames, values and pending operators.

import { Builder, type Node } from "../tree/node.ts";
import { type Fuel, ParseError } from "../tree/fuel.ts";
import { listOf } from "./brackets.ts";
import { Parser, type ParserOptions } from "./parser_state.ts";
import { readOperand } from "./prefix.ts";
import { readSuffix } from "./infix.ts";
import { tokenize } from "./tokens.ts";

export type { ParserOptions };

export type Parsed = {
  node: Node;
  /** Which other readings would give another tree. */
  ambiguous: { comma: boolean; slash: boolean; unit: boolean };
  /** A remark was left out. */
  remarked: boolean;
};

/** Reads one answer. Throws ParseError outside the grammar and LimitError beyond a limit. */
export function parse(source: string, reading: ParserOptions, fuel: Fuel): Parsed {
  const { tokens, ambiguous } = tokenize(source, reading, fuel);
  const parser = new Parser(tokens, reading, new Builder(fuel), fuel);
  const node = run(parser);
  return {
    node,
    ambiguous: { comma: ambiguous, slash: parser.slash, unit: parser.unit },
    remarked: parser.remarked,
  };
}

function run(m: Parser): Node {
  m.open("");
  while (m.at < m.tokens.length) {
    m.fuel.spend(1);
    const token = m.tokens[m.at]!;
    m.at++;
    if (m.wantsOperand) readOperand(m, token);
    else readSuffix(m, token);
  }
  const top = m.top;
  if (m.frames.length !== 1) {
    throw new ParseError(`unclosed ${top.finish !== null ? "command" : top.open}`);
  }
  m.element("");
  if (top.elements.length === 0) throw new ParseError("empty");
  return listOf(m.b, top.elements);
}
