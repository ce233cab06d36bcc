// What a study is: a question, a table of arms (settings on top of one recipe), the seeds, and the final test on
// problems that nothing was chosen by.

import * as v from "valibot";
import { FAMILIES, FamilySchema } from "#shared/schemas/recipe/data.ts";
import { fraction, name, positiveCount, seed } from "#shared/schemas/values.ts";

const setting = v.optional;
/** Settings in the nesting of a recipe: `set.ghpo.hint_loss = "dropped"`. */
const SettingsSchema = v.record(v.string(), v.unknown());

/** A study is named by its file. */
const studyName = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9_-]*$/, "must be lower-case letters, digits, _ and -"),
);
/** The name of an arm is part of a file's name. */
const slug = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9_]*$/, "must be lower-case letters, digits and _"));

const ArmSchema = v.strictObject({
  name: slug,
  title: name,
  set: setting(SettingsSchema, {}),
  /** The arm that this one is compared with, where it is not the study's. */
  reference: setting(v.nullable(slug), null),
});
export type Arm = v.InferOutput<typeof ArmSchema>;

export const FinalTestSchema = v.strictObject({
  families: setting(v.pipe(v.array(FamilySchema), v.minLength(1)), [...FAMILIES]),
  levels: setting(v.pipe(v.array(positiveCount), v.minLength(1)), [1, 2, 3, 4, 5]),
  /** Problems of each family and level. */
  count: setting(positiveCount, 40),
  problems_seed: seed,
  /** The same problems once more with this share of their trace as a hint, where that shows anything; 0: not. */
  hint_ratio: setting(fraction, 0),
});
export type FinalTestSpec = v.InferOutput<typeof FinalTestSchema>;

export const StudySchema = v.pipe(
  v.strictObject({
    title: name,
    /** What the study is to decide, in a sentence or two. */
    question: name,
    /** The recipe that every arm starts from: a path, or the name of one that ships with the project. */
    recipe: name,
    seeds: v.pipe(v.array(seed), v.minLength(1)),
    /** A run ends after the step that reaches this many generated tokens, if `train.max_steps` does not end it first. */
    token_budget: setting(v.nullable(positiveCount), null),
    /** Other studies in the same folder whose runs of the same settings and seed are reused instead of run again. */
    reuse: setting(v.array(studyName), []),
    /** Differences are this arm minus another. */
    reference: slug,
    /** Families that the arms train on: they make the headline average; the others are reported separately. */
    trained: v.pipe(v.array(FamilySchema), v.minLength(1)),
    set: setting(SettingsSchema, {}),
    test: FinalTestSchema,
    arms: v.pipe(v.array(ArmSchema), v.minLength(1)),
  }),
  v.check((s) => new Set(s.arms.map((arm) => arm.name)).size === s.arms.length, "must name every arm once"),
  v.check((s) => new Set(s.seeds).size === s.seeds.length, "must list every seed once"),
  v.check(
    (s) =>
      [s.reference, ...s.arms.map((arm) => arm.reference)]
        .every((reference) => reference === null || s.arms.some((arm) => arm.name === reference)),
    "must have every reference among its arms",
  ),
  v.check(
    (s) => s.trained.every((family) => s.test.families.includes(family)),
    "must have every trained family among test.families",
  ),
);
export type Study = v.InferOutput<typeof StudySchema>;
