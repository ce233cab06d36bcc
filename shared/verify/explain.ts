// A verdict in words: where the answer stood, what both sides were read as, and what decided.

import { goldText } from "./compare/gold_text.ts";
import { goldInterpretations, interpretations } from "./compare/interpretations.ts";
import { type AnswerPlace, type Preset, type PresetName, presets, type VerifyOptions } from "./presets.ts";
import { Fuel, LimitError } from "./tree/fuel.ts";
import { key } from "./tree/key.ts";
import type { Node } from "./tree/node.ts";
import { type Verdict, verify } from "./verify.ts";

/** A verdict with what led to it. */
export type Explanation = Verdict & {
  /** Where the answer was found, in words; null when none was. */
  found: string | null;
  /** The answer inside the gold. */
  gold: string | null;
  /** The trees that the gold and the answer may stand for, in one canonical notation. */
  goldReadings: string[];
  answerReadings: string[];
};

const places: Record<AnswerPlace, string> = {
  hope: 'between "the final answer is" and "I hope"',
  boxed: "in the last box",
  "final-answer": 'behind "final answer"',
  answer: 'behind the last "answer"',
  hash: "behind the last ####",
  math: "the last formula",
  number: "the last number",
  whole: "the whole text",
  entire: "the whole text",
  statement: "what the last sentence says",
  "anchored-math": 'the formula behind "answer"',
};

/** Verifies and says why. */
export function explain(
  gold: string,
  completion: string,
  preset: PresetName | Preset = "strict",
  options: VerifyOptions = {},
): Explanation {
  const chosen: Preset = typeof preset === "string" ? presets[preset] : preset;
  const verdict = verify(gold, completion, preset, options);
  const text = within((fuel) => options.bare === true ? gold : goldText(gold, chosen, fuel)) ?? null;
  return {
    ...verdict,
    found: verdict.place === undefined ? null : places[verdict.place],
    gold: text,
    goldReadings: text === null ? [] : readings(text, chosen, true),
    answerReadings: verdict.extracted === null ? [] : readings(verdict.extracted, chosen, false),
  };
}

function readings(text: string, preset: Preset, gold: boolean): string[] {
  const keys = within((fuel) =>
    (gold ? goldInterpretations(text, preset, fuel) : interpretations(text, preset, fuel, false)).map((
      node: Node,
    ) => key(node, fuel))
  );
  return [...new Set(keys ?? [])];
}

/** The result of some work within one budget, or null beyond it. */
function within<T>(work: (fuel: Fuel) => T): T | null {
  try {
    return work(new Fuel());
  } catch (error) {
    if (error instanceof LimitError) return null;
    throw error;
  }
}
