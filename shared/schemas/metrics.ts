// One line of metrics.jsonl: flat keys such as "reward" and "ghpo/frac_hinted" (TRL's names where they exist).

import * as v from "valibot";
import { count, finite, nonNegative } from "./values.ts";

export const MetricsSchema = v.objectWithRest(
  {
    step: count,
    /** Seconds since the start of the run, earlier parts of a resumed run included. */
    time: nonNegative,
  },
  // JSON has no NaN: a number without a meaning at this step (a rescue rate of no groups) is null.
  v.nullable(finite),
);
export type Metrics = v.InferOutput<typeof MetricsSchema>;
