// GSM8K JSON Lines: `question`, and `answer` = the trace with calculator annotations `<<48/2=24>>`, a step a line, and
// "#### 24".

import { splitLines } from "../steps.ts";
import { hashAnswer } from "./answers.ts";
import { jsonRows, type ReadResult, readRows, requiredText, RowFault } from "./rows.ts";

/** Reads the file's text; ids are `source:line`, as GSM8K has none. */
export function readGsm8k(text: string, source = "gsm8k"): ReadResult {
  return readRows(jsonRows(text), (row, line) => {
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
  });
}
