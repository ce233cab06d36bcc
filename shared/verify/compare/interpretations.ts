// From texts to trees: the answer inside a gold text, the readings of an ambiguous notation, two answers compared.

import { Builder, type Node, symbols } from "../tree/node.ts";
import { compareNodes } from "./answers.ts";
import { boxes, groups, joined } from "../find/boxes.ts";
import { candidates } from "../find/extract.ts";
import { type Fuel, ParseError } from "../tree/fuel.ts";
import { type Answer, answer } from "../values/identity.ts";
import { key } from "../tree/key.ts";
import { parse, type Reading } from "../read/parse.ts";
import type { Place, Preset } from "../presets.ts";
import {
  choiceLabel,
  choiceLetters,
  labelledParts,
  statementNumbers,
  withSigns,
  withTextCommands,
} from "../read/prepare.ts";
import { rational } from "../tree/rational.ts";
import { formulas, numbers } from "../find/formulas.ts";

/** The answer inside a gold text, which may be a whole solution; null when the preset cannot read it. */
export function goldText(gold: string, preset: Preset, fuel: Fuel): string | null {
  if (!preset.bareGold) return markedGold(gold, preset, fuel);
  if (/^[^#A-Za-z\u0080-\uffff]*$/.test(gold) && goldInterpretations(gold, preset, fuel).length > 0) {
    return gold;
  }
  const rules = { ...preset.extraction, answerTags: false, from: goldPlaces };
  let first: string | null = null;
  for (const candidate of candidates(gold, { start: 0, end: gold.length }, rules)) {
    if (candidate.empty === true) return null;
    first ??= candidate.text;
    if (goldInterpretations(candidate.text, preset, fuel).length > 0) return candidate.text;
    if (candidate.how === "boxed" || candidate.how === "hash") break;
  }
  if (preset.rules.unparsedGold === "null") return null;
  return first ?? (gold.trim() === "" ? null : gold);
}

/** A gold is marked as the answer, or it is the answer as a whole: a formula or number inside a sentence is not the gold. */
const goldPlaces: readonly Place[] = ["hope", "boxed", "hash", "final-answer", "answer", "entire"];

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
  if (rules.textTier && (gold === given || squeeze(gold) === squeeze(given))) {
    return answer(true, "text", "the same text");
  }
  const letters = preset.syntax.wordUnits ? choiceLetters(gold) : null;
  if (letters !== null) {
    const chosen = choiceLetters(given);
    if (chosen !== null && isSelection(gold, letters)) {
      return answer(letters === chosen, "choice", letters === chosen ? "the same choices" : "other choices");
    }
  }
  const golds = goldInterpretations(gold, preset, fuel);
  const remarked = !preset.syntax.remarks && golds.some((node) => remarkedNodes.has(node));
  const givens = interpretations(
    given,
    remarked ? { ...preset, syntax: { ...preset.syntax, remarks: true } } : preset,
    fuel,
    false,
  );
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

/** `ACD` in alphabetical order, or letters with commas between them; a word or a product of letters is neither. */
const isSelection = (gold: string, letters: string): boolean =>
  gold.replaceAll(/[\s$]|\\text|[{}]/g, "") === letters || /[A-H][\s}]*(?:,|and|;|\\text)/.test(gold);

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
  !/[\s$.]/.test(text) ? text : text.replaceAll(/\$|(?<![\w.])\s+|\s+(?![\w.])/g, "").replace(/\.$/, "");

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

/** The trees that a text may stand for; more than one only where its notation is ambiguous. */
function interpretations(text: string, preset: Preset, fuel: Fuel, gold: boolean): Node[] {
  if (!preset.syntax.wordUnits) return parsed(text, preset, fuel, gold);
  const bare = unmarked(text);
  if (/^[-+]?\d{1,15}$/.test(bare)) return parsed(bare, preset, fuel, gold);
  const alternatives = gold ? bare.split(/\s*(?<!\\?#\s?)\\?#\s?\\?#(?!\s?\\?#)\s*/) : [bare];
  if (alternatives.length > 1) {
    return alternatives.flatMap((part) => interpretations(part, preset, fuel, gold));
  }
  return special(bare, preset, fuel, gold) ?? parsed(withSigns(withTextCommands(bare)), preset, fuel, gold);
}

/** The trees that an answer, or the gold, may stand for. */
export const readAnswer = (text: string, preset: Preset, fuel: Fuel, gold: boolean): Node[] =>
  gold ? goldInterpretations(text, preset, fuel) : interpretations(text, preset, fuel, false);

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
  const usual: Reading = {
    commas: "thousands",
    exponents: syntax.exponents,
    words: syntax.wordUnits,
    remarks: syntax.remarks || gold,
    missingBraces: syntax.missingBraces,
    looseSlash: true,
    letterUnits: false,
  };
  const nodes = new Map<string, Node>();
  const read = (reading: Reading): ReturnType<typeof parse>["ambiguous"] | null => {
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
