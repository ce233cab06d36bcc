// A math problem with its final answer and, where one is known, the solution trace that hints are cut from.

import * as v from "valibot";
import { count, name } from "./values.ts";

/** A worked solution. The steps keep their trailing separators, so that joined they are the text again. */
const TraceSchema = v.pipe(
  v.strictObject({ text: name, steps: v.pipe(v.array(name), v.minLength(1)) }),
  v.check((trace) => trace.steps.join("") === trace.text, "must have steps that join to its text"),
);

export const ProblemSchema = v.strictObject({
  /** Unique within a data set. */
  id: name,
  text: name,
  /** The final answer only, in the form that the verifier parses. */
  answer: name,
  trace: v.nullable(TraceSchema),
  /** Difficulty, or null where the source has none; synthetic problems: the number of steps. */
  level: v.nullable(count),
  /** What else the row of a file holds, for reward functions of one's own. */
  columns: v.optional(v.record(v.string(), v.unknown())),
  /** Family, data set or file that the problem comes from. */
  source: name,
});
export type Problem = v.InferOutput<typeof ProblemSchema>;

/** What the columns of a data file are. All but the first two are tables whose columns the recipe names. */
export const DATA_FORMATS = ["gsm8k", "math", "jsonl", "json", "csv", "parquet"] as const;
export type DataFormat = typeof DATA_FORMATS[number];
