// The tables of a recipe that say how completions are sampled, hinted and scored: [generation], [ghpo] and [reward]. What
// belongs to one guidance strategy stands with it (trainer/ghpo/strategies).

import * as v from "valibot";
import { HintCutSchema } from "../guidance.ts";
import { count, finite, fraction, name, positive, positiveCount } from "../values.ts";

const setting = v.optional;
const stages = v.pipe(
  v.array(fraction),
  v.minLength(1),
  v.check((ratios) => ratios.every((ratio, i) => i === 0 || ratio > ratios[i - 1]!), "must be increasing"),
);

export const GenerationSchema = v.strictObject({
  /** Completions per problem, which form a group. */
  num_generations: setting(v.pipe(positiveCount, v.minValue(2)), 8),
  /** Maximum number of tokens of a completion. */
  max_completion_length: setting(positiveCount, 2048),
  /** The limit shrinks step by step to this; null: it stays the same. */
  final_completion_length: setting(v.nullable(positiveCount), null),
  /** Texts that end a completion; they remain part of it. */
  stop: setting(v.array(name), []),
  /** Sampling temperature; the distribution is not truncated. */
  temperature: setting(positive, 1),
  /** Maximum number of completions sampled in parallel; the key-value pool grows with it. */
  rows: setting(positiveCount, 256),
});

/** `[ghpo]`: the settings of every hint, whichever strategy asks for it. */
export const hintEntries = {
  /** Shares of the solution that the hints show, one after another. */
  hint_stages: setting(stages, [0.25, 0.5, 0.75]),
  /** The largest success rate that still counts as difficult. */
  difficulty_threshold: setting(fraction, 0),
  /** Whether the loss is conditioned on the hinted prompt (the paper) or on the plain one (the released code). */
  hint_loss: setting(v.picklist(["conditioned", "dropped"]), "conditioned"),
  /** Inside the user turn (the paper), or as the beginning of the assistant's. */
  hint_placement: setting(v.picklist(["user", "assistant"]), "user"),
  /** The text between question and hint; "ghpo" is the paper's sentence. */
  hint_glue: setting(v.string(), "ghpo"),
  /** Where a hint may end. */
  hint_cut: setting(HintCutSchema, "step"),
  /** Keeps the final answer out of the hint. */
  leak_guard: setting(v.boolean(), true),
  /** Completions of a hinted group that are still sampled without the hint. */
  unhinted_replicas: setting(count, 0),
};
export type HintSettings = v.InferOutput<v.StrictObjectSchema<typeof hintEntries, undefined>>;

export const RewardSchema = v.pipe(
  v.strictObject({
    /** "accuracy", "format", "soft_overlong_punishment" or the path of a module. */
    functions: setting(v.pipe(v.array(name), v.minLength(1)), ["accuracy", "format"]),
    /** Weight of each function in the sum. */
    weights: setting(v.pipe(v.array(finite), v.minLength(1)), [1, 0.5]),
    /** Grader preset of the accuracy reward (shared/verify/presets.ts). */
    preset: setting(name, "ghpo"),
    /** What the format reward asks for (shared/verify/graders/formats.ts). */
    format: setting(v.picklist(["think_answer", "think", "tag_count", "hash"]), "think_answer"),
    /** What the accuracy reward asks for: the right answer, or every step right too (generated problems only). */
    check: setting(v.picklist(["answer", "trace"]), "answer"),
    /** The function that decides what is difficult; null: the first. */
    difficulty_by: setting(v.nullable(name), null),
    /** The value from which a completion counts as solved; null: the function gives success itself, from 0 to 1. */
    success_threshold: setting(v.nullable(finite), null),
    /** soft_overlong_punishment: tokens below max_completion_length over which the penalty grows from 0 to -1. */
    soft_punish_cache: setting(positiveCount, 256),
    /** Seconds that a module may take for a completion before its reward counts as null; null: no limit. */
    timeout_s: setting(v.nullable(positive), null),
    /** Completions scored at the same time, for modules that wait for something. */
    max_concurrency: setting(positiveCount, 32),
  }),
  v.check((r) => r.weights.length === r.functions.length, "must have as many weights as functions"),
  v.check(
    (r) => r.difficulty_by === null || r.functions.includes(r.difficulty_by),
    "must list difficulty_by among its functions",
  ),
  v.check(
    (r) => (r.difficulty_by ?? r.functions[0]) === "accuracy" || r.success_threshold !== null,
    "must have success_threshold, such as 1, where another function than accuracy decides what is difficult",
  ),
);
