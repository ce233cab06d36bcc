// GSM8K rows: `question`, and `answer` = the trace with calculator annotations `<<48/2=24>>`, a step a line, and
// "#### 24".

import { splitLines } from "../steps.ts";
import { hashAnswer } from "./answers.ts";
import { requiredText, RowFault, type RowReader } from "./rows.ts";

/** Ids are `source:line`, as GSM8K has none. */
export const gsm8kReader: RowReader = (row, { source, line }) => {
  const found = hashAnswer(requiredText(row, "answer"));
  if (found === null) throw new RowFault('its answer has no final "#### ..."');
  const trace = found.trace.replace(/<<[^<>]*>>/g, "");
  return {
    id: `${source}:${line}`,
    text: requiredText(row, "question").trim(),
    answer: found.answer,
    trace: trace.trim() === "" ? null : { text: trace, steps: splitLines(trace) },
    level: null,
    source,
  };
};
