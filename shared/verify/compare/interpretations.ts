// From the text of an answer to the trees that it may stand for.

import { Builder, type Node } from "../tree/node.ts";
import { key } from "../tree/key.ts";
import { type Fuel, ParseError } from "../tree/fuel.ts";
import { rational } from "../tree/rational.ts";
import { parse, type ParserOptions } from "../read/parse.ts";
import {
  choiceLabel,
  labelledParts,
  statementNumbers,
  withSigns,
  withTextCommands,
} from "../read/prepare.ts";
import type { Preset } from "../presets.ts";

/** One comma that cannot group thousands: `1,22`, `0,111`, `1000,99`. */
const decimalComma =
  /^[^,()[\]{}\d]{0,20}(?:\d+,(?:\d{1,2}|\d{4,40})|0,\d{3}|\d{4,40},\d{3})(?!\d)[^,()[\]{}]*$/;

/** `1,875` and `12,000,000`: a list of numbers is not written so. */
const grouped = /^[^\d,([{]*[1-9]\d{0,2}(?:,\d{3})+(?![\d,])[^,\d]*$|,0\d/;

let last: { text: string; preset: Preset; nodes: Node[]; cost: number; size: number } | null = null;

/** The readings of a gold. The last one is kept, as many completions share it; its fuel is paid every time. */
export function goldInterpretations(text: string, preset: Preset, fuel: Fuel): Node[] {
  if (
    last !== null && last.text === text && last.preset.syntax === preset.syntax &&
    last.preset.rules.chains === preset.rules.chains
  ) {
    fuel.spend(last.cost);
    fuel.nodes += last.size;
    return last.nodes;
  }
  const [used, size] = [fuel.used, fuel.nodes];
  const nodes = interpretations(
    text,
    { ...preset, syntax: { ...preset.syntax, missingBraces: true } },
    fuel,
    true,
  );
  last = { text, preset, nodes, cost: fuel.used - used, size: fuel.nodes - size };
  return nodes;
}

/** Trees whose text carried a remark. */
const remarkedNodes = new WeakSet<Node>();

/** Whether a remark was left out of a tree. */
export const hasRemark = (node: Node): boolean => remarkedNodes.has(node);

/** The trees that a text may stand for; more than one only where its notation is ambiguous. */
export function interpretations(text: string, preset: Preset, fuel: Fuel, gold: boolean): Node[] {
  if (!preset.syntax.wordUnits) return parsed(text, preset, fuel, gold);
  const bare = unmarked(text);
  if (/^[-+]?\d{1,15}$/.test(bare)) return parsed(bare, preset, fuel, gold);
  const alternatives = gold ? bare.split(/\s*(?<!\\?#\s?)\\?#\s?\\?#(?!\s?\\?#)\s*/) : [bare];
  if (alternatives.length > 1) {
    return alternatives.flatMap((part) => interpretations(part, preset, fuel, gold));
  }
  return special(bare, preset, fuel, gold) ?? parsed(withSigns(withTextCommands(bare)), preset, fuel, gold);
}

/** Answers whose form says what they are before they are read as mathematics. */
function special(text: string, preset: Preset, fuel: Fuel, gold: boolean): Node[] | null {
  const b = new Builder(fuel);
  // Words only: no product of their letters.
  if (
    /^\s*[A-Za-z]+(?:[ ,.'-]+[A-Za-z]+)+[.!]?\s*$/.test(text) && /[A-Za-z]{3}/.test(text) &&
    !/\b(?:and|or|pi|sqrt|sin|cos|tan|ln|log|inf|infinity)\b/.test(text) && choiceLabel(text) === null
  ) return [b.node({ kind: "text", text })];
  const numbers = statementNumbers(text);
  if (numbers !== null) {
    const items = numbers.map((n) => b.number(rational(BigInt(n))));
    const statements = b.node({ kind: "list", joined: "," }, items);
    return gold ? [statements] : [statements, ...parsed(text, preset, fuel, gold)];
  }
  const label = choiceLabel(text);
  if (label !== null) {
    const content = label.content === ""
      ? []
      : interpretations(label.content, preset, fuel, gold).slice(0, 1);
    return [b.node({ kind: "choice", letter: label.letter }, content)];
  }
  const parts = labelledParts(text);
  if (parts === null) return null;
  const values = parts.map((part) => interpretations(part.text, preset, fuel, gold)[0]);
  if (values.includes(undefined)) return null;
  return [b.node(
    { kind: "list", joined: "," },
    parts.map((part, i) =>
      b.node({ kind: "relation", ops: ["="] }, [b.node({ kind: "symbol", name: part.label }), values[i]!])
    ),
  )];
}

/** Without emphasis by asterisks around it. */
const unmarked = (text: string): string => text.trim().replace(/^\*\*([^*]*)\*\*[.,]?$/, "$1").trim();

function parsed(text: string, preset: Preset, fuel: Fuel, gold: boolean): Node[] {
  const { syntax } = preset;
  const usual: ParserOptions = {
    commas: "thousands",
    exponents: syntax.exponents,
    words: syntax.wordUnits,
    remarks: syntax.remarks || gold,
    missingBraces: syntax.missingBraces,
    looseSlash: true,
    letterUnits: false,
  };
  const nodes = new Map<string, Node>();
  const read = (reading: ParserOptions): ReturnType<typeof parse>["ambiguous"] | null => {
    try {
      const { node, ambiguous, remarked } = parse(text, reading, fuel);
      const name = key(node, fuel);
      if (remarked) remarkedNodes.add(node);
      if (!nodes.has(name)) nodes.set(name, node);
      return ambiguous;
    } catch (error) {
      if (error instanceof ParseError || error instanceof RangeError) return null;
      throw error;
    }
  };
  const ambiguous = read(usual);
  if (ambiguous === null && preset.rules.chains === "last" && /[^<>!]=[^=]/.test(text)) {
    const rest = text.slice(text.lastIndexOf("=") + 1); // the last side of an equation may do
    return interpretations(rest, preset, fuel, gold);
  }
  if (ambiguous?.comma === true) {
    if (!grouped.test(text)) read({ ...usual, commas: "list" });
    if (/[([{].*, /.test(text)) read({ ...usual, commas: "grouped" });
    if (syntax.decimalCommas && decimalComma.test(text)) read({ ...usual, commas: "decimal" });
  }
  if (ambiguous?.slash === true) read({ ...usual, looseSlash: false });
  if (ambiguous?.unit === true && syntax.wordUnits) read({ ...usual, letterUnits: true });
  const [only] = nodes.values();
  if (nodes.size === 1 && only?.kind === "text" && only.text !== text && /[,\d<>=()[\]%]/.test(only.text)) {
    return [only, ...interpretations(only.text, preset, fuel, gold)]; // \text{A, B and C}, \text{13}
  }
  return [...nodes.values()];
}
