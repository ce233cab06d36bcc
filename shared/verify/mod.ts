/**
 * Is the answer inside a completion equal to the gold answer? By rules, without a model, on any JavaScript runtime.
 *
 * ```ts
 * import { verify } from "@ghpo/verify";
 *
 * verify("\\frac{1}{2}", "so it is \\boxed{0.5}").verdict; // true
 * ```
 *
 * @module
 */

export { accuracyReward, equivalent, type Verdict, verify } from "./verify.ts";
export { equivalence } from "./vote_equivalence.ts";
export { checkGold, type GoldReport, inspectGold } from "./gold.ts";
export { explain, type Explanation } from "./explain.ts";
export {
  type AnswerPlace,
  type Extraction,
  type Preset,
  type PresetName,
  presets,
  type Rules,
  type Syntax,
  type VerifyOptions,
} from "./presets.ts";
export { type Tier } from "./values/identity.ts";
export { chosenLetter } from "./find/choices.ts";
export { type FormatKind, formatReward } from "./graders/formats.ts";
export { type BatchRow, parseRow, rowOptions } from "./graders/rows.ts";
export { hendrycksNormal, minervaNormal } from "./graders/strings.ts";
export { limits } from "./tree/fuel.ts";
