// The hint that a prompt was given: GHPO's stage, the share of the trace, and where it was cut.

import * as v from "valibot";
import { count, fraction } from "./values.ts";

/** The unit boundaries at which a hint may end. */
export const HintCutSchema = v.picklist(["step", "sentence", "token", "character"]);

export const GuidanceLevelSchema = v.strictObject({
  /** 0: no hint; k: the k-th entry of hint_stages. */
  stage: count,
  /** The share of the trace that the stage asks for; the cut may show less. */
  ratio: fraction,
  cut: HintCutSchema,
  /** The text shown, "" at stage 0. */
  hint: v.string(),
  /** Whether the cut alone would have shown the final answer. */
  leak: v.boolean(),
});
export type GuidanceLevel = v.InferOutput<typeof GuidanceLevelSchema>;
