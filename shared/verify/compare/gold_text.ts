// The answer inside a gold text, which may be a whole solution.

import { boxes, groups, joined } from "../find/boxes.ts";
import { candidates } from "../find/extract.ts";
import { formulas, numbers } from "../find/formulas.ts";
import type { AnswerPlace, Preset } from "../presets.ts";
import type { Fuel } from "../tree/fuel.ts";
import { goldInterpretations } from "./interpretations.ts";

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
const goldPlaces: readonly AnswerPlace[] = ["hope", "boxed", "hash", "final-answer", "answer", "entire"];

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
