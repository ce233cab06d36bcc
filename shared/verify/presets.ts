// Presets are data: which part of a completion is graded, and what counts as equal.

/** What counts as equal. */
export type Rules = {
  /** What a chain such as `41 = 42` is worth: its last side, or nothing unless its sides agree. */
  chains: "last" | "consistent";
  /** What gives its right side as a value: `x = 42` and `f(2) = 42`, or also `2x + 1 = 42`. */
  equations: "assignments" | "any";
  /** `x \approx 42` answers an exact gold. */
  approximations: boolean;
  /** Against a plain number: any expression of that value, or only a written-out number (not `6 \times 7`). */
  form: "any" | "literal";
  /** Integrals, sums, products, limits and determinants that the gold does not contain. */
  operators: "any" | "as-gold";
  /** Words: letter by letter, or as a commuting product of letters. */
  words: "spelled" | "product";
  /** Capital letters matter in words. */
  caseSensitive: boolean;
  /** `101_2` is five, or the digits without their base. */
  bases: "value" | "dropped";
  /** `50\%` is one half; or one half or fifty, whatever the other side is; or fifty. */
  percent: "divided" | "either" | "stripped";
  /** A written decimal equals the exact value that rounds to it, given this many significant digits. */
  significantDigits: number;
  /** Two numbers, one of them a written decimal, are rounded to this many places first; null: never. */
  places: number | null;
  /** Two written decimals: the longer one may be rounded to the places of the shorter. */
  roundDecimals: boolean;
  /** Largest relative difference of two numbers; 0: none. */
  relativeTolerance: number;
  /** Whether the tolerance holds for all numbers, or only where one is a written decimal. */
  toleranceFor: "decimals" | "all";
  /** A number also equals a hundredth and a hundredfold of itself. */
  hundredfold: boolean;
  /** Whether open and closed brackets differ. */
  brackets: "compared" | "ignored";
  /** A set in the written order equals a tuple. */
  setAsTuple: boolean;
  /** `1, 1, 2` equals `1, 2`. */
  repeats: boolean;
  /** Comma lists are ordered. */
  ordered: boolean;
  /** A gold set may be answered by inequalities: by any, or only by solved ones such as `1 < x`, or never. */
  relationForSet: "always" | "solved" | "never";
  /** `f(x)` equals `f(y)`. */
  renaming: boolean;
  /** A free additive constant (`+ C`) and the parameter of a family (`k \pi, k \in Z`) may have another name. */
  parameters: boolean;
  /** Units with a known size are compared; otherwise every unit is dropped. */
  units: boolean;
  /** What a gold outside the grammar is worth: equality of the texts, or null. */
  unparsedGold: "text" | "null";
  /** Equality of the trimmed texts decides before anything else. */
  textTier: boolean;
};

/** How an answer is found. */
export type Extraction = {
  /** Text up to the last `</think>` (or `reasoningEnd`) is never graded. */
  reasoning: "stripped" | "required" | "graded";
  reasoningEnd: readonly string[];
  /** Only the last `<answer>` body is graded where there is one. */
  answerTags: boolean;
  /** Places to look, in order. */
  from: readonly AnswerPlace[];
  /** Several boxes: the last one, neighbours joined to a list, joined and all groups equal, or the first. */
  boxes: "last" | "joined" | "agreeing" | "first";
  /** A percent sign behind a box or a formula belongs to it. */
  trailingPercent: boolean;
  /** Inline mathematics may hold a line break. */
  inlineNewlines: boolean;
  /** Only boxes and delimited formulas count, never bare numbers or text. */
  formulasOnly: boolean;
};

export type AnswerPlace =
  | "hope"
  | "boxed"
  | "final-answer"
  | "answer"
  | "hash"
  | "math"
  | "number"
  | "whole"
  | "statement"
  | "entire"
  | "anchored-math";

/** How texts are read. */
export type Syntax = {
  /** `3e8` is scientific notation. */
  exponents: boolean;
  /** Bare words after a number may be units. */
  wordUnits: boolean;
  /** `1,22` may be a decimal. */
  decimalCommas: boolean;
  /** "..., where n is odd" may follow the answer; without this, such an answer cannot be read. */
  remarks: boolean;
  /** `\frac12` and `\sqrt2`. */
  missingBraces: boolean;
};

/** A grader. `grader` other than "algebra" names one of the string graders of a benchmark. */
export type Preset = {
  name: string;
  grader: "algebra" | "hendrycks" | "minerva" | "gsm8k" | "dapo" | "choice";
  extraction: Extraction;
  /** Bare golds are read as mathematics; else only as numbers, fractions and delimited mathematics. */
  bareGold: boolean;
  syntax: Syntax;
  rules: Rules;
};

const report: Preset = {
  name: "report",
  grader: "algebra",
  extraction: {
    reasoning: "stripped",
    reasoningEnd: ["</think>", "</thinking>"],
    answerTags: true,
    from: ["hope", "boxed", "hash", "final-answer", "answer", "whole", "statement", "math", "number"],
    boxes: "joined",
    trailingPercent: true,
    inlineNewlines: false,
    formulasOnly: false,
  },
  bareGold: true,
  syntax: { remarks: true, decimalCommas: true, exponents: true, wordUnits: true, missingBraces: true },
  rules: {
    chains: "last",
    equations: "assignments",
    approximations: true,
    form: "any",
    operators: "any",
    words: "spelled",
    caseSensitive: false,
    bases: "value",
    percent: "either",
    significantDigits: 5,
    places: null,
    roundDecimals: false,
    relativeTolerance: 0,
    toleranceFor: "decimals",
    hundredfold: false,
    brackets: "compared",
    setAsTuple: true,
    repeats: true,
    ordered: false,
    relationForSet: "always",
    renaming: false,
    parameters: true,
    units: true,
    unparsedGold: "text",
    textTier: true,
  },
};

const strict: Preset = {
  ...report,
  name: "strict",
  extraction: { ...report.extraction, boxes: "agreeing" },
  syntax: { ...report.syntax, remarks: false },
  rules: {
    ...report.rules,
    chains: "consistent",
    approximations: false,
    form: "literal",
    operators: "as-gold",
    setAsTuple: false,
    repeats: false,
    relationForSet: "solved",
    unparsedGold: "null",
  },
};

const ghpo: Preset = {
  name: "ghpo",
  grader: "algebra",
  extraction: {
    reasoning: "graded",
    reasoningEnd: [],
    answerTags: false,
    from: ["boxed", "anchored-math"],
    boxes: "joined",
    trailingPercent: false,
    inlineNewlines: false,
    formulasOnly: false,
  },
  bareGold: false,
  syntax: { remarks: true, decimalCommas: false, exponents: false, wordUnits: false, missingBraces: false },
  rules: {
    ...report.rules,
    equations: "any",
    words: "product",
    caseSensitive: true,
    bases: "dropped",
    percent: "divided",
    significantDigits: Infinity,
    places: 6,
    relationForSet: "never",
    units: false,
    parameters: false,
    unparsedGold: "null",
    textTier: false,
  },
};

/** Qwen2.5-Math: numbers within 1e-4 of the gold, of a hundredth or of a hundredfold of it; brackets do not matter. */
const qwen: Preset = {
  ...report,
  name: "qwen",
  extraction: {
    ...report.extraction,
    reasoning: "graded",
    answerTags: false,
    from: ["hope", "boxed", "answer", "whole", "number"],
    boxes: "last",
  },
  rules: {
    ...report.rules,
    relativeTolerance: 1e-4,
    toleranceFor: "all",
    hundredfold: true,
    brackets: "ignored",
    ordered: true,
    parameters: false,
    relationForSet: "always",
  },
};

/** The graders that ship with the project. */
export const presets = {
  strict,
  ghpo,
  report,
  hendrycks: { ...report, name: "hendrycks", grader: "hendrycks" },
  minerva: { ...report, name: "minerva", grader: "minerva" },
  gsm8k: { ...report, name: "gsm8k", grader: "gsm8k" },
  qwen,
  dapo: { ...report, name: "dapo", grader: "dapo" },
  choice: { ...report, name: "choice", grader: "choice" },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

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
