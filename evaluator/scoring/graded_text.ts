// Which text of an answer is graded. One rule for every source:
// - the completion, up to the first stop string;
// - where the completion is blank and the server sent reasoning apart from it: the reasoning if the model stopped by
//   itself (some servers file the whole answer there), nothing if it was cut off, as then no answer was begun.

/** What of a sample is graded. */
export interface GradedText {
  text: string;
  from: "completion" | "reasoning";
}

/** Applies the rule. */
export function gradedText(
  { text, reasoning = "", finish_reason }: { text: string; reasoning?: string; finish_reason: string | null },
  stop: readonly string[],
): GradedText {
  if (text.trim() !== "" || reasoning.trim() === "") {
    return { text: text.slice(0, endOf(text, stop)), from: "completion" };
  }
  return finish_reason === "length"
    ? { text: "", from: "completion" }
    : { text: reasoning.slice(0, endOf(reasoning, stop)), from: "reasoning" };
}

/** Where the answer ends: before the first stop string, or at the end of the text. */
export function endOf(text: string, stop: readonly string[]): number {
  return stop.reduce((end, mark) => {
    const at = mark === "" ? -1 : text.indexOf(mark);
    return at < 0 ? end : Math.min(end, at);
  }, text.length);
}
