// From texts to trees: the answer inside a gold text, the readings of an ambiguous notation, two answers compared.

import { Builder, type Node, symbols } from "../tree/node.ts";
import { compareNodes } from "./answers.ts";
import { boxes, groups, joined } from "../find/boxes.ts";
import { candidates } from "../find/extract.ts";
import { type Fuel, ParseError } from "../tree/fuel.ts";
import { type Answer, answer } from "../values/identity.ts";
import { key } from "../tree/key.ts";
import { parse, type Reading } from "../read/parse.ts";
import type { Preset } from "../presets.ts";
import { formulas, numbers } from "../find/formulas.ts";

/** The answer inside a gold text, which may be a whole solution; null when the preset cannot read it. */
export function goldText(gold: string, preset: Preset, fuel: Fuel): string | null {
  if (!preset.bareGold) return markedGold(gold, preset, fuel);
  let first: string | null = null;
  for (
    const candidate of candidates(gold, { start: 0, end: gold.length }, {
      ...preset.extraction,
      answerTags: false,
    })
  ) {
    first ??= candidate.text;
    if (goldInterpretations(candidate.text, preset, fuel).length > 0) return candidate.text;
    if (candidate.how === "whole") break; // an answer, but not a readable one: a number inside it is not the gold
  }
  if (preset.rules.unparsedGold === "null") return null;
  return first ?? (gold.trim() === "" ? null : gold);
}

/** What Math-Verify's default targets see in a gold: a box, a delimited formula, `\frac{1}{2}`, or a number after a space. */
function markedGold(gold: string, preset: Preset, fuel: Fuel): string | null {
  const all = boxes(gold);
  const formula = formulas(gold, 0, gold.length, preset.extraction).at(-1);
  const number = numbers(gold, 0, gold.length).findLast(({ text, span }) =>
    text.includes("\\")
      ? /^-?\\frac\{-?\d+\}\{-?\d+\}$/.test(text)
      : /^[\s=]?$/.test(gold[span.start - 1] ?? "")
  );
  // A single comma is a decimal one there.
  const written = number?.text.replace(/^(-?\d+),(\d{1,2}|\d{4,40})$/, "$1.$2");
  const found = all.length > 0
    ? joined(gold, groups(gold, all).at(-1)!).text
    : formula?.text ?? written ?? null;
  return found === null || goldInterpretations(found, preset, fuel).length === 0 ? null : found;
}

/** Compares two answers given as texts; null when the given one cannot be read. */
export function compareTexts(gold: string, given: string, preset: Preset, fuel: Fuel): Answer | null {
  const { rules } = preset;
  if (rules.textTier && squeeze(gold) === squeeze(given)) return answer(true, "text", "the same text");
  const [golds, givens] = [goldInterpretations(gold, preset, fuel), interpretations(given, preset, fuel)];
  if (golds.length === 0 || givens.length === 0) return null;
  let first: Answer | null = null;
  for (const g of golds) {
    for (const p of givens) {
      const builder = new Builder(fuel);
      const result = compareNodes(g, rules.renaming ? renamed(p, g, builder) : p, {
        rules,
        fuel,
        builder,
        compare: compareNodes,
      });
      if (result.same === true) return result;
      if (first === null || (first.same === false && result.same === "undecided")) first = result;
    }
  }
  return first;
}

/** The tree with its symbols replaced by those of another one, in order of appearance. */
function renamed(node: Node, like: Node, b: Builder): Node {
  const [from, to] = [[...symbols(node)], [...symbols(like)]];
  if (from.length !== to.length) return node;
  const names = new Map(from.map((name, i) => [name, to[i]!]));
  const walk = (part: Node): Node => {
    if (part.kind === "symbol") return b.node({ kind: "symbol", name: names.get(part.name)! });
    return part.args.length === 0 ? part : b.with(part, part.args.map(walk));
  };
  return walk(node);
}

/** Without dollar signs, a final full stop, and white space except between letters or digits. */
const squeeze = (text: string): string =>
  text.replaceAll(/\$|(?<![\w.])\s+|\s+(?![\w.])/g, "").replace(/\.$/, "");

/** One comma that cannot group thousands: `1,22`, `0,111`, `1000,99`. */
const decimalComma =
  /^[^,()[\]{}\d]{0,20}(?:\d+,(?:\d{1,2}|\d{4,40})|0,\d{3}|\d{4,40},\d{3})(?!\d)[^,()[\]{}]*$/;

let last: { text: string; preset: Preset; nodes: Node[]; cost: number; size: number } | null = null;

/** The readings of a gold. The last one is kept, as many completions share it; its fuel is paid every time. */
function goldInterpretations(text: string, preset: Preset, fuel: Fuel): Node[] {
  if (
    last !== null && last.text === text && last.preset.syntax === preset.syntax &&
    last.preset.rules.chains === preset.rules.chains
  ) {
    fuel.spend(last.cost);
    fuel.nodes += last.size;
    return last.nodes;
  }
  const [used, size] = [fuel.used, fuel.nodes];
  const nodes = interpretations(text, { ...preset, syntax: { ...preset.syntax, missingBraces: true } }, fuel);
  last = { text, preset, nodes, cost: fuel.used - used, size: fuel.nodes - size };
  return nodes;
}

/** `(D) 10` and `\textbf{(D)}\ 10`: a choice and what it says. */
const choiceLabel =
  /^\s*(?:\\(?:text|textbf|mathrm|textrm|mathbf)\s?\{)?\(([A-J])\)\s?\}?(?:\\[ ,;]|\\q?quad|[\s~])*([^\s~].*)$/;

/** The trees that a text may stand for; more than one only where its notation is ambiguous. */
function interpretations(text: string, preset: Preset, fuel: Fuel): Node[] {
  const { syntax } = preset;
  const usual: Reading = {
    commas: "thousands",
    exponents: syntax.exponents,
    words: syntax.wordUnits,
    remarks: syntax.remarks,
    missingBraces: syntax.missingBraces,
    looseSlash: true,
    letterUnits: false,
  };
  // Words only: no product of their letters.
  if (
    /^\s*[A-Za-z]+(?:[ ,.'-]+[A-Za-z]+)+[.!]?\s*$/.test(text) && /[A-Za-z]{3}/.test(text) && syntax.wordUnits
  ) {
    if (!/\b(?:and|or|pi|sqrt|sin|cos|tan|ln|log|inf|infinity)\b/.test(text)) {
      return [new Builder(fuel).node({ kind: "text", text })];
    }
  }
  const label = choiceLabel.exec(text);
  if (label !== null && syntax.wordUnits) {
    const letter = new Builder(fuel).node({ kind: "symbol", name: label[1]! });
    return [letter, ...interpretations(label[2]!, preset, fuel)];
  }
  const nodes = new Map<string, Node>();
  const read = (reading: Reading): ReturnType<typeof parse>["ambiguous"] | null => {
    try {
      const { node, ambiguous } = parse(text, reading, fuel);
      const name = key(node, fuel);
      if (!nodes.has(name)) nodes.set(name, node);
      return ambiguous;
    } catch (error) {
      if (error instanceof ParseError || error instanceof RangeError) return null;
      throw error;
    }
  };
  const ambiguous = read(usual);
  if (ambiguous === null && preset.rules.chains === "last" && /[^<>!]=[^=]/.test(text)) {
    return interpretations(text.slice(text.lastIndexOf("=") + 1), preset, fuel); // the last side of an equation may do
  }
  if (ambiguous?.comma === true) {
    read({ ...usual, commas: "list" });
    if (/[([{].*, /.test(text)) read({ ...usual, commas: "grouped" });
    if (syntax.decimalCommas && decimalComma.test(text)) read({ ...usual, commas: "decimal" });
  }
  if (ambiguous?.slash === true) read({ ...usual, looseSlash: false });
  if (ambiguous?.unit === true && syntax.wordUnits) read({ ...usual, letterUnits: true });
  const [only] = nodes.values();
  if (nodes.size === 1 && only?.kind === "text" && only.text !== text && /[,\d]/.test(only.text)) {
    return [only, ...interpretations(only.text, preset, fuel)]; // \text{A, B and C}, \text{13}
  }
  return [...nodes.values()];
}
