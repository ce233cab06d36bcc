// Checks of gold answers on their own: what a data set asks before anything is compared with them.

import { compareNodes } from "./compare/answers.ts";
import { goldText } from "./compare/gold_text.ts";
import { goldInterpretations } from "./compare/interpretations.ts";
import { compareTexts } from "./compare/compare_texts.ts";
import { type Preset, type PresetName, presets } from "./presets.ts";
import { Fuel, LimitError, limits } from "./tree/fuel.ts";
import { Builder, type Node, some } from "./tree/node.ts";
import type { Verdict } from "./verify.ts";

/**
 * Whether a gold answer can be read, as `verify` reads it, and equals itself without comparing texts. `verdict` null: it
 * cannot be read; tier "text": it is words. Only the presets that read mathematics check more than that it is not empty.
 */
export function checkGold(gold: string, preset: PresetName | Preset = "report"): Verdict {
  const chosen: Preset = typeof preset === "string" ? presets[preset] : preset;
  const rules = { ...chosen.rules, textTier: false, unparsedGold: "null" as const };
  const strict: Preset = { ...chosen, rules };
  const fuel = new Fuel();
  const unread = (reason: string): Verdict => ({
    verdict: null,
    tier: "gold",
    reason,
    extracted: null,
    fuel: fuel.used,
  });
  try {
    if (gold.length > limits.text) throw new LimitError("text");
    const text = goldText(gold, strict, fuel);
    if (text === null) return unread("the gold answer cannot be read");
    const result = compareTexts(text, text, { ...strict, syntax: { ...strict.syntax, remarks: true } }, fuel);
    if (result === null) return unread("the gold answer cannot be read");
    return {
      verdict: result.same,
      tier: result.tier,
      reason: result.reason,
      extracted: text,
      fuel: fuel.used,
    };
  } catch (error) {
    if (!(error instanceof LimitError)) throw error;
    return { ...unread(error.message), verdict: "undecided", tier: "limit" };
  }
}

/** What a gold answer is good for. */
export type GoldReport = {
  /**
   * `mathematics`: compared by meaning; `words`: by the words; `prose`: words around mathematics, which only the same words
   * answer; `ambiguous`: its notation has several meanings, and each of them is accepted; `unreadable`: no verdict.
   */
  kind: "mathematics" | "words" | "prose" | "ambiguous" | "unreadable";
  /** The answer inside the gold, which may be a whole solution. */
  answer: string | null;
  reason: string;
};

/** Says what a gold answer is; for a whole data set on import. Never throws. */
export function inspectGold(gold: string, preset: PresetName | Preset = "strict"): GoldReport {
  const chosen: Preset = typeof preset === "string" ? presets[preset] : preset;
  const checked = checkGold(gold, chosen);
  if (checked.verdict !== true) {
    return { kind: "unreadable", answer: checked.extracted, reason: checked.reason };
  }
  const fuel = new Fuel();
  const answer = checked.extracted!;
  try {
    const nodes = goldInterpretations(answer, chosen, fuel);
    const isPhrase = (node: Node): boolean => node.kind === "phrase";
    const isText = (node: Node): boolean => node.kind === "text";
    if (nodes.some((node) => some(node, isPhrase) || (node.kind !== "text" && node.args.some(isText)))) {
      return { kind: "prose", answer, reason: "words around mathematics, answered by the same words only" };
    }
    if (nodes.every(isText)) return { kind: "words", answer, reason: "answered by the same words" };
    const context = { rules: chosen.rules, fuel, builder: new Builder(fuel), compare: compareNodes };
    const other = nodes.slice(1).find((node) => compareNodes(nodes[0]!, node, context).same !== true);
    return other === undefined ? { kind: "mathematics", answer, reason: checked.reason } : {
      kind: "ambiguous",
      answer,
      reason: "its notation has several meanings, and each of them is accepted",
    };
  } catch (error) {
    if (!(error instanceof LimitError)) throw error;
    return { kind: "unreadable", answer, reason: error.message };
  }
}
