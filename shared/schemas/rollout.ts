// The G completions of one prompt with everything that the update needs: any step can be replayed from its groups.

import * as v from "valibot";
import { GuidanceLevelSchema } from "./guidance.ts";
import { count, finite, fraction, name } from "./values.ts";

/** Why a completion ended: an end-of-sequence token (part of `ids`) or the token limit. */
export const FinishReasonSchema = v.picklist(["stop", "length"]);
export type FinishReason = v.InferOutput<typeof FinishReasonSchema>;

const CompletionSchema = v.pipe(
  v.strictObject({
    /** Generated tokens only, the end-of-sequence token included when it was sampled. */
    ids: v.pipe(v.array(count), v.minLength(1)),
    text: v.string(),
    finish_reason: FinishReasonSchema,
    /** Natural log-probability of each token under the policy that sampled it (the behaviour policy). */
    logprobs: v.array(finite),
    /** One entry a reward function; null: not applicable. */
    rewards: v.record(v.string(), v.nullable(finite)),
    advantage: finite,
  }),
  v.check((c) => c.ids.length === c.logprobs.length, "must have one log-probability a token"),
);
export type Completion = v.InferOutput<typeof CompletionSchema>;

export const GroupSchema = v.strictObject({
  step: count,
  problem_id: name,
  guidance: GuidanceLevelSchema,
  /** The prompt that the completions were sampled under, hint and template included. */
  prompt: v.string(),
  prompt_ids: v.pipe(v.array(count), v.minLength(1)),
  completions: v.pipe(v.array(CompletionSchema), v.minLength(1)),
  /** Share of right completions before any hint; null where the answer cannot be verified. */
  accuracy_unhinted: v.nullable(fraction),
  /** Number of optimizer steps behind the weights that sampled the group. */
  policy_version: count,
});
export type Group = v.InferOutput<typeof GroupSchema>;
