// Entry of the verifier: is the answer inside a completion equal to the gold answer?

import { chosenLetter, defaultLetters, explicitLetter } from "./find/choices.ts";
import { type Candidate, candidates, gradable } from "./find/extract.ts";
import { Fuel, LimitError, limits } from "./tree/fuel.ts";
import type { Tier } from "./values/identity.ts";
import { type AnswerPlace, type Preset, type PresetName, presets, type VerifyOptions } from "./presets.ts";
import { goldText } from "./compare/gold_text.ts";
import { compareTexts } from "./compare/compare_texts.ts";
import { stringGraders } from "./graders/strings.ts";

/** What the verifier decided and why. `verdict` null: the gold answer itself cannot be verified. */
export type Verdict = {
  verdict: true | false | "undecided" | null;
  /** What decided: a tier of the comparison, "extract", "gold", "choice" or "limit". */
  tier: Tier | "extract" | "gold" | "choice" | "limit";
  reason: string;
  /** The answer as found in the completion. */
  extracted: string | null;
  /** Where it stands in the completion, in UTF-16 units. */
  span?: { start: number; end: number };
  /** The kind of place where it was found. */
  place?: AnswerPlace;
  /** Work done, in units of `limits.fuel`. */
  fuel: number;
};

function presetOf(preset: PresetName | Preset, options: VerifyOptions): Preset {
  const base: Preset = typeof preset === "string" ? presets[preset] : preset;
  if (options.rules === undefined && options.extraction === undefined) return base;
  return {
    ...base,
    rules: { ...base.rules, ...options.rules },
    extraction: { ...base.extraction, ...options.extraction },
  };
}

/** Compares the final answer of `completion` with `gold`. Never throws. */
export function verify(
  gold: string,
  completion: string,
  preset: PresetName | Preset = "strict",
  options: VerifyOptions = {},
): Verdict {
  const fuel = new Fuel();
  try {
    if (gold.length > limits.text || completion.length > limits.text) throw new LimitError("text");
    return { ...decide(gold, completion, presetOf(preset, options), options, fuel), fuel: fuel.used };
  } catch (error) {
    if (!(error instanceof LimitError)) throw error;
    const used = error.limit === "fuel" ? limits.fuel : fuel.used;
    return { verdict: "undecided", tier: "limit", reason: error.message, extracted: null, fuel: used };
  }
}

type Decision = Omit<Verdict, "fuel">;

function decide(
  gold: string,
  completion: string,
  preset: Preset,
  options: VerifyOptions,
  fuel: Fuel,
): Decision {
  if (preset.grader !== "algebra" && preset.grader !== "choice") {
    return decideString(gold, completion, preset, options);
  }
  const choice = choiceOf(gold, preset, options);
  if (choice !== null) return decideChoice(choice, completion, preset, lettersFor(gold, options));
  const goldAnswer = options.bare === true ? gold : goldText(gold, preset, fuel);
  if (goldAnswer === null) {
    return { verdict: null, tier: "gold", reason: "the gold answer cannot be read", extracted: null };
  }

  const span = options.bare === true
    ? { start: 0, end: completion.length }
    : gradable(completion, preset.extraction);
  if (span === null) {
    return { verdict: false, tier: "extract", reason: "the reasoning never ends", extracted: null };
  }
  const found: Iterable<Candidate> = options.bare === true
    ? [{ text: completion, span, how: "whole", others: [], parts: [] }]
    : candidates(completion, span, preset.extraction);
  let unread: Decision | null = null;
  let stopped = false;
  let claimedAt: AnswerPlace | null = null;
  const letter = letterOf(goldAnswer);
  /** Whether the text says the letter of the gold in so many words: behind the last box, where there is one. */
  const namesLetter = ({ how, span: { end } }: Candidate): boolean =>
    letter !== null &&
    explicitLetter(completion.slice(how === "boxed" ? end : span.start, span.end), allLetters) === letter;
  for (const candidate of found) {
    // After a claim only the value inside the same sentence may follow: nothing else in the text is the answer.
    if (stopped && (candidate.how !== claimedAt || candidate.claim === true)) break;
    if (candidate.claim === true) claimedAt = candidate.how;
    if (candidate.empty === true) {
      return { verdict: false, tier: "extract", reason: "the last box is empty", extracted: null };
    }
    const result = compareTexts(goldAnswer, candidate.text, preset, fuel);
    const decision = { extracted: candidate.text, span: candidate.span, place: candidate.how };
    if (result === null) {
      unread ??= { verdict: "undecided", tier: "none", reason: "the answer cannot be read", ...decision };
      // A marked answer stands, readable or not: a number inside it is not the answer.
      if (candidate.how === "boxed" && namesLetter(candidate)) {
        return { verdict: true, tier: "choice", reason: `chose ${letterOf(goldAnswer)}`, ...decision };
      }
      if (candidate.how === "boxed" || candidate.how === "hash") return unread;
      stopped ||= candidate.claim === true;
      continue;
    }
    const same = (part: string): boolean => compareTexts(goldAnswer, part, preset, fuel)?.same === true;
    if (
      result.same !== true && candidate.parts.length > 1 && candidate.others.length === 0 &&
      candidate.parts.every(same)
    ) {
      return {
        verdict: true,
        tier: "structure",
        reason: "neighbouring boxes with the same answer",
        ...decision,
      };
    }
    if (result.same === false && namesLetter(candidate)) {
      return { verdict: true, tier: "choice", reason: `chose ${letterOf(goldAnswer)}`, ...decision };
    }
    // Words around the one value of a sentence: the value itself comes next.
    if (candidate.claim === true && result.same === false && result.tier === "text") {
      unread ??= { verdict: false, tier: result.tier, reason: result.reason, ...decision };
      stopped = true;
      continue;
    }
    for (const other of candidate.others) {
      const agrees = result.same === true ? compareTexts(goldAnswer, other, preset, fuel) : null;
      if (agrees !== null && agrees.same !== true) {
        return { verdict: false, tier: "extract", reason: "several different boxed answers", ...decision };
      }
    }
    return { verdict: result.same, tier: result.tier, reason: result.reason, ...decision };
  }
  return unread ?? { verdict: false, tier: "extract", reason: "no answer found", extracted: null };
}

// ---- multiple choice

function choiceOf(gold: string, preset: Preset, options: VerifyOptions): string | null {
  if (options.choices === undefined && preset.grader !== "choice") return null;
  return chosenLetter(gold, lettersFor(gold, options));
}

/** The letters of the question; where they are not given, A to D, or up to the letter of the gold. */
function lettersFor(gold: string, options: VerifyOptions): readonly string[] {
  if (options.choices !== undefined) return options.choices;
  const letter = letterOf(gold);
  return letter === null || letter <= "D" ? defaultLetters : allLetters;
}

const allLetters = [..."ABCDEFGHIJ"];

/** The letter that a gold such as `C`, `(C)` or `\text{(C)}` names, or null. */
const letterOf = (gold: string): string | null =>
  gold.length > 24 || !/[A-J]/.test(gold)
    ? null
    : /^\$?(?:\\text(?:bf)?\{)?\(?([A-J])\)?\}?\$?$/.exec(gold.trim())?.[1] ?? null;

function decideChoice(
  letter: string,
  completion: string,
  preset: Preset,
  letters: readonly string[],
): Decision {
  const span = gradable(completion, preset.extraction);
  const text = span === null ? "" : completion.slice(span.start, span.end);
  const chosen = chosenLetter(text, letters);
  if (chosen === null) return { verdict: false, tier: "extract", reason: "no letter found", extracted: null };
  return { verdict: chosen === letter, tier: "choice", reason: `chose ${chosen}`, extracted: chosen };
}

/** The graders that compare strings. */
function decideString(gold: string, completion: string, preset: Preset, options: VerifyOptions): Decision {
  if (preset.grader === "algebra" || preset.grader === "choice") {
    throw new TypeError("Cannot compare strings as the preset has no string grader");
  }
  const grader = stringGraders[preset.grader];
  const goldAnswer = grader.gold(gold);
  if (goldAnswer.trim() === "") {
    return { verdict: null, tier: "gold", reason: "the gold answer is empty", extracted: null };
  }
  const span = options.bare === true ? { start: 0, end: completion.length } : grader.extract(completion);
  if (span === null) return { verdict: false, tier: "extract", reason: "no answer found", extracted: null };
  const extracted = completion.slice(span.start, span.end);
  if (extracted.length > limits.answer || goldAnswer.length > limits.answer) throw new LimitError("answer");
  const same = grader.normal(extracted) === grader.normal(goldAnswer);
  return {
    verdict: same,
    tier: "text",
    reason: same ? "the same normal form" : "different normal forms",
    extracted,
    span,
  };
}

// ---- what others use

/** 1 when right, 0 when wrong or undecided, null when the gold answer cannot be verified. */
export function accuracyReward(
  gold: string,
  completion: string,
  preset: PresetName | Preset = "strict",
  options: VerifyOptions = {},
): 1 | 0 | null {
  const { verdict } = verify(gold, completion, preset, options);
  return verdict === null ? null : verdict === true ? 1 : 0;
}

/** Whether two final answers (not completions) are equal; for clustering votes. */
export function equivalent(a: string, b: string, preset: PresetName | Preset = "report"): boolean {
  return verify(a, b, preset, { bare: true }).verdict === true;
}
