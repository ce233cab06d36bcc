// Rows of a batch file: `{id, gold, pred, opts?, policy?}`; other keys are ignored.
// `opts` is how the row's own suite called its grader, `policy` names the protocol choice its label depends on.

import { defaultLetters } from "../find/choices.ts";
import type { VerifyOptions } from "../presets.ts";

/** One comparison of a batch. */
export type BatchRow = {
  /** As the row has it: joining verdicts with rows needs a number to stay a number. */
  id: string | number;
  gold: string;
  pred: string;
  opts: Readonly<Record<string, unknown>>;
  policy: string | null;
};

/** Reads one line of a batch file. Throws a SyntaxError or TypeError that names the line. */
export function parseRow(line: string, number: number): BatchRow {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new SyntaxError(`Cannot read line ${number} as it is not JSON: ${line.slice(0, 60)}`);
  }
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`Cannot read line ${number} as it must be an object`);
  }
  const { id, gold, pred, opts, policy } = value as Record<string, unknown>;
  if (typeof id !== "string" && typeof id !== "number") {
    throw new TypeError(
      `Cannot read line ${number} as id must be a string or a number: current value is ${JSON.stringify(id)}`,
    );
  }
  for (const [name, text] of Object.entries({ gold, pred })) {
    if (typeof text !== "string") {
      throw new TypeError(
        `Cannot read line ${number} as ${name} must be a string: current value is ${JSON.stringify(text)}`,
      );
    }
  }
  const settings = typeof opts === "object" && opts !== null ? opts as Record<string, unknown> : {};
  return {
    id,
    gold: gold as string,
    pred: pred as string,
    opts: settings,
    policy: typeof policy === "string" ? policy : null,
  };
}

/** What each policy of the case files means here. Policies that are wrong labels have no entry. */
const policies = new Map<string, VerifyOptions>([
  ["multi-box", { extraction: { boxes: "joined" } }],
  ["order-sensitive-list", { rules: { ordered: true } }],
  ["rounding", { rules: { roundDecimals: true, significantDigits: 2 } }],
  ["inline-math-no-newline", { extraction: { inlineNewlines: false, formulasOnly: true } }],
  ["strip-reasoning-first", {
    extraction: { reasoning: "required", reasoningEnd: ["</think>", "</REASONING_END>"] },
  }],
  ["percent-stripped-not-divided", { rules: { percent: "stripped" } }],
  ["set-vs-inequality-asymmetry", { rules: { relationForSet: "never" } }],
  ["variable-renaming", { rules: { renaming: false } }],
]);

/** The options of a row: those of its policy, then those of its own `opts`. */
export function rowOptions(row: BatchRow): VerifyOptions {
  const { opts } = row;
  const base = row.policy === null ? {} : policies.get(row.policy) ?? {};
  const rules = { ...base.rules };
  const extraction = { ...base.extraction };
  const options: VerifyOptions = { rules, extraction };
  if (opts.bare === true) options.bare = true;
  const types = Array.isArray(opts.match_types) ? opts.match_types : [];
  if (types.includes("NativeLetters") || types.includes("letters") || Array.isArray(opts.choices)) {
    options.choices = Array.isArray(opts.choices) ? opts.choices.map(String) : defaultLetters;
  }
  if (typeof opts.float_rounding === "number") {
    rules.places = opts.float_rounding;
    delete rules.roundDecimals;
    delete rules.significantDigits;
  }
  if (typeof opts.allow_set_relation_comp === "boolean") {
    rules.relationForSet = opts.allow_set_relation_comp ? "always" : "never";
  }
  if (opts.strict === false) rules.renaming = true;
  return options;
}
