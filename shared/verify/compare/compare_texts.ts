// Compares two answers given as texts, in each way that they can be read.

import { choiceLetters } from "../read/prepare.ts";
import type { Preset } from "../presets.ts";
import type { Fuel } from "../tree/fuel.ts";
import { Builder, type Node, symbols } from "../tree/node.ts";
import { type Answer, answer } from "../values/identity.ts";
import { compareNodes } from "./answers.ts";
import { goldInterpretations, hasRemark, interpretations } from "./interpretations.ts";

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
  const remarked = !preset.syntax.remarks && golds.some(hasRemark);
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
