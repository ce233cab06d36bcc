// The tables of a recipe that say which problems there are and how they are shown: [data], [prompt] and [eval].

import * as v from "valibot";
import { DATA_FORMATS } from "../problem.ts";
import { count, name, nonNegative, positiveCount, seed } from "../values.ts";

const setting = v.optional;
/** The families of synthetic problems. */
export const FAMILIES = ["chain", "addition", "linear", "gcd", "product", "fraction"] as const;
export const FamilySchema = v.picklist(FAMILIES);
export type Family = v.InferOutput<typeof FamilySchema>;

const levels = v.pipe(v.array(v.pipe(positiveCount, v.maxValue(9))), v.minLength(1));

/** "" for a column that a file does not have. */
const ColumnsSchema = v.strictObject({
  id: setting(v.string(), ""),
  text: setting(name, "problem"),
  answer: setting(v.string(), "answer"),
  trace: setting(v.string(), "solution"),
  level: setting(v.string(), "level"),
});

/** Where the training problems come from: generated ones, or a file. */
export const DataSchema = v.pipe(
  v.strictObject({
    /** Generated problems: families, their levels and how often each level is drawn (uniform when empty). */
    families: setting(v.array(FamilySchema), []),
    /** Levels of difficulty of generated problems, 1 to 5. */
    levels: setting(levels, [1, 2, 3, 4, 5]),
    /** Relative frequency of each level; empty: uniform. */
    level_weights: setting(v.array(nonNegative), []),
    /** Number of generated problems. */
    count: setting(positiveCount, 2048),
    /** A data file instead, or several; names may hold *, ? and **. */
    path: setting(v.nullable(v.union([name, v.pipe(v.array(name), v.minLength(1))])), null),
    /** Or the training split of a published benchmark by its name (gsm8k), or a task file of your own (.toml). */
    benchmark: setting(v.nullable(name), null),
    /** Folder of the published benchmarks' files. */
    folder: setting(name, "data"),
    /** What the columns of `path` are: those of GSM8K, of MATH, or of a table with `columns`; JSON, CSV, Parquet and gzip are recognised by their content. */
    format: setting(v.picklist(DATA_FORMATS), "jsonl"),
    /** Column names of a table, dots reaching into nested objects; "" for a column that the file does not have. */
    columns: setting(ColumnsSchema, {}),
    /** Draws the problems in random order, a new one in every epoch. */
    shuffle: setting(v.boolean(), true),
    /** Skips rows that do not fit; otherwise the first one ends the run. */
    skip_malformed: setting(v.boolean(), false),
    /** Rows of the file that are never trained on and that [eval] evaluates on; chosen by `seed`. */
    held_out: setting(count, 0),
    /** Problems whose prompt is too long: "error" refuses the run before its first step, "drop" leaves them out. */
    on_long_prompt: setting(v.picklist(["error", "drop"]), "error"),
  }),
  v.check(
    (data) =>
      [data.families.length > 0, data.path !== null, data.benchmark !== null].filter(Boolean).length === 1,
    "must name either families or a path or a benchmark (families = [] names none)",
  ),
  v.check(
    (data) => data.held_out === 0 || data.families.length === 0,
    "must have a path or a benchmark with held_out",
  ),
  v.check(
    (data) => data.level_weights.length === 0 || data.level_weights.length === data.levels.length,
    "must have as many level_weights as levels, or none",
  ),
);

/** What chat templates are given in any case: transformers has parameters of these names. */
const GIVEN = [
  "messages",
  "tools",
  "documents",
  "add_generation_prompt",
  "continue_final_message",
  "tokenize",
];
const templateVariables = v.pipe(
  v.record(v.string(), v.union([v.boolean(), v.number(), v.string()])),
  v.check(
    (own) => GIVEN.every((name) => !Object.hasOwn(own, name)),
    `must not set what every template is given: ${GIVEN.join(", ")}`,
  ),
);

export const PromptSchema = v.strictObject({
  /** System prompt; "" for none, "ghpo" for the paper's. */
  system: setting(v.string(), "ghpo"),
  /** The user's turn; {question} stands for the problem, a hint in the user's turn included. */
  user: setting(
    v.pipe(v.string(), v.check((text) => text.split("{question}").length === 2, "must hold {question} once")),
    "{question}",
  ),
  /** False: plain text without the model's chat template, for base models. */
  chat_template: setting(v.boolean(), true),
  /** Further variables of the chat template, such as enable_thinking = false. */
  chat_template_kwargs: setting(templateVariables, {}),
  /** Maximum number of tokens of a prompt; hints are shortened to fit. */
  max_prompt_length: setting(positiveCount, 2048),
});

export const EvalSchema = v.strictObject({
  /** Un-hinted evaluation before the first step and after every this many steps; 0: never. */
  eval_every: setting(count, 0),
  /** Families of generated problems to evaluate on. */
  benchmarks: setting(v.array(FamilySchema), []),
  levels: setting(levels, [1, 2, 3, 4, 5]),
  /** Problems of each benchmark and task, and of `path`. */
  count: setting(positiveCount, 100),
  /** Seed of the generated problems, and of the choice from `path`. */
  problems_seed: setting(seed, 7),
  /** Published benchmarks by name, from data.folder, and task files (.toml), asked as the recipe asks its problems. */
  tasks: setting(v.array(name), []),
  /** A data file of problems to evaluate on, or several; format and columns are those of [data] unless given. */
  path: setting(v.nullable(v.union([name, v.pipe(v.array(name), v.minLength(1))])), null),
  format: setting(v.nullable(v.picklist(DATA_FORMATS)), null),
  columns: setting(v.nullable(ColumnsSchema), null),
  /** Completions a problem, and their temperature; 0 is greedy. */
  num_samples: setting(positiveCount, 1),
  temperature: setting(nonNegative, 0),
});
