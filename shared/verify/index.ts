// Entry of the verifier: is the answer inside a completion equal to the gold answer?

import { Builder, type Node, symbols } from "./ast.ts";
import { chosenLetter, defaultLetters } from "./choices.ts";
import { compareNodes } from "./compare.ts";
import { type Candidate, candidates, gradable } from "./extract.ts";
import { Fuel, LimitError, limits, ParseError } from "./fuel.ts";
import { type Answer, answer, type Tier } from "./identity.ts";
import { key } from "./key.ts";
import { parse, type Reading } from "./parse.ts";
import { type Extraction, type Preset, type PresetName, presets, type Rules } from "./presets.ts";
import { stringGraders } from "./strings.ts";

export { type FormatKind, formatReward } from "./formats.ts";
export { chosenLetter, limits, type Preset, type PresetName, presets };
export { hendrycksNormal, minervaNormal } from "./strings.ts";
export { parseRow, type Row, rowOptions } from "./rows.ts";

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
  /** Work done, in units of `limits.fuel`. */
  fuel: number;
};

/** Settings of one comparison that are not part of the preset. */
export type VerifyOptions = {
  /** The strings are expressions, not prose. */
  bare?: boolean;
  /** Letters of a multiple-choice question; the gold names one of them. */
  choices?: readonly string[];
  /** Changes to the rules of the preset. */
  rules?: Partial<Rules>;
  /** Changes to the extraction of the preset. */
  extraction?: Partial<Extraction>;
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
    return { verdict: "undecided", tier: "limit", reason: error.message, extracted: null, fuel: fuel.used };
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
  if (choice !== null) return decideChoice(choice, completion, preset, options);
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
  const found = options.bare === true
    ? [{ text: completion, span, how: "whole", others: [] } satisfies Candidate]
    : candidates(completion, span, preset.extraction);
  let unread: Decision | null = null;
  for (const candidate of found) {
    const result = compareTexts(goldAnswer, candidate.text, preset, fuel);
    const decision = { extracted: candidate.text, span: candidate.span };
    if (result === null) {
      unread ??= { verdict: "undecided", tier: "none", reason: "the answer cannot be read", ...decision };
      // A marked answer stands, readable or not: a number inside it is not the answer.
      if (candidate.how === "boxed" || candidate.how === "hash") return unread;
      continue;
    }
    const letter = result.same === false && candidate.how !== "boxed" ? letterOf(goldAnswer) : null;
    if (letter !== null && chosenLetter(completion.slice(span.start, span.end), allLetters) === letter) {
      return { verdict: true, tier: "choice", reason: `chose ${letter}`, ...decision };
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
  return chosenLetter(gold, options.choices ?? defaultLetters);
}

const allLetters = [..."ABCDEFGHIJ"];

/** The letter that a gold such as `C`, `(C)` or `\text{(C)}` names, or null. */
const letterOf = (gold: string): string | null =>
  /^\$?(?:\\text(?:bf)?\{)?\(?([A-J])\)?\}?\$?$/.exec(gold.trim())?.[1] ?? null;

function decideChoice(letter: string, completion: string, preset: Preset, options: VerifyOptions): Decision {
  const span = gradable(completion, preset.extraction);
  const text = span === null ? "" : completion.slice(span.start, span.end);
  const chosen = chosenLetter(text, options.choices ?? defaultLetters);
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

// ---- reading texts

/** The answer inside a gold text, which may be a whole solution; null when the preset cannot read it. */
function goldText(gold: string, preset: Preset, fuel: Fuel): string | null {
  const from = preset.extraction.from.filter((place) => preset.bareGold || place !== "whole");
  const places = {
    ...preset.extraction,
    answerTags: false,
    from: preset.bareGold ? from : [...from, "math" as const, "number" as const],
  };
  let first: string | null = null;
  for (const candidate of candidates(gold, { start: 0, end: gold.length }, places)) {
    const { start } = candidate.span;
    if (!preset.bareGold && candidate.how !== "boxed" && !/^[\s=$([]?$/.test(gold[start - 1] ?? "")) continue;
    first ??= candidate.text;
    if (readings(candidate.text, preset, fuel).length > 0) return candidate.text;
    if (candidate.how === "whole") break; // an answer, but not a readable one: a number inside it is not the gold
  }
  if (preset.rules.unparsedGold === "null") return null;
  return first ?? (gold.trim() === "" ? null : gold);
}

/** Compares two answers given as texts; null when the given one cannot be read. */
function compareTexts(gold: string, given: string, preset: Preset, fuel: Fuel): Answer | null {
  const { rules } = preset;
  if (rules.textTier && squeeze(gold) === squeeze(given)) return answer(true, "text", "the same text");
  const [golds, givens] = [readings(gold, preset, fuel), readings(given, preset, fuel)];
  if (golds.length === 0 || givens.length === 0) return null;
  let first: Answer | null = null;
  for (const g of golds) {
    for (const p of givens) {
      const builder = new Builder(fuel);
      const result = compareNodes(g, rules.renaming ? renamed(p, g, builder) : p, { rules, fuel, builder });
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

/** The trees that a text may stand for; more than one only where its notation is ambiguous. */
function readings(text: string, preset: Preset, fuel: Fuel): Node[] {
  const { syntax } = preset;
  const usual: Reading = {
    commas: "thousands",
    exponents: syntax.exponents,
    words: syntax.wordUnits,
    missingBraces: syntax.missingBraces,
    looseSlash: true,
    letterUnits: false,
  };
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
    return readings(text.slice(text.lastIndexOf("=") + 1), preset, fuel); // the last side of an equation may do
  }
  if (ambiguous?.comma === true) {
    read({ ...usual, commas: "list" });
    if (/[([{].*, /.test(text)) read({ ...usual, commas: "grouped" });
    if (decimalComma.test(text)) read({ ...usual, commas: "decimal" });
  }
  if (ambiguous?.slash === true) read({ ...usual, looseSlash: false });
  if (ambiguous?.unit === true && syntax.wordUnits) read({ ...usual, letterUnits: true });
  const [only] = nodes.values();
  if (nodes.size === 1 && only?.kind === "text" && only.text !== text && /[,\d]/.test(only.text)) {
    return [only, ...readings(only.text, preset, fuel)]; // \text{A, B and C}, \text{13}
  }
  return [...nodes.values()];
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

/**
 * Checks that a gold answer can be read as a whole and equals itself without comparing texts (tier "text": it is words).
 * A data set runs it on import.
 */
export function checkGold(gold: string, preset: PresetName | Preset = "report"): Verdict {
  const chosen = presetOf(preset, {});
  return verify(gold, gold, {
    ...chosen,
    rules: { ...chosen.rules, textTier: false, unparsedGold: "null" },
    extraction: { ...chosen.extraction, from: ["boxed", "hash", "entire"] },
  });
}
