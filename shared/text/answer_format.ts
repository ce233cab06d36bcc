// How a solution ends in its answer, so that the reward finds it: what a prompt asks for, what a solution has already,
// and a reference solution in that form.

import { FINAL_MARKER } from "./tiny_tokenizer.ts";

/**
 * - `think_answer`: `<think>` and `<answer>` tags, each on a line of its own (the paper)
 * - `think`: the thought in tags, the answer behind it
 * - `boxed`: the answer in \boxed{}
 * - `hash`: the answer behind #### on the last line (GSM8K)
 */
export const ANSWER_FORMATS = ["think_answer", "hash", "boxed", "think"] as const;
export type AnswerFormat = typeof ANSWER_FORMATS[number];

/** The form that the words of a prompt ask for; null where they ask for none. */
export function formatAskedBy(prompt: string): AnswerFormat | null {
  if (prompt.includes("<answer>")) return "think_answer";
  if (/\\boxed|\\fbox/.test(prompt)) return "boxed";
  if (prompt.includes("####")) return "hash";
  return prompt.includes("<think>") ? "think" : null;
}

/** The form in which a solution ends already; null where it states its answer in words or not at all. */
export function formatOf(solution: string): AnswerFormat | null {
  return ANSWER_FORMATS.find((format) => endsAs(format, solution)) ?? null;
}

function endsAs(format: AnswerFormat, solution: string): boolean {
  const text = solution.trimEnd();
  const end = text.slice(text.lastIndexOf("</think>") + 1);
  switch (format) {
    case "think_answer":
      return /<\/answer>$/.test(text);
    case "think":
      return /^\s*<think>[^]*<\/think>\s*\S/.test(text);
    case "boxed": // in the last paragraph
      return /\\(?:boxed|fbox)\b(?![^]*\n\s*\n)/.test(end);
    case "hash":
      return /####[^\n#]*[^\n#\s]$/.test(end);
  }
}

/**
 * A solution that ends in its answer in the given form. One that does so already stays as it is, to the letter.
 *
 * @param from Characters of the solution that the prompt shows and the model is not to repeat.
 */
export function solutionIn(format: AnswerFormat, solution: string, answer: string, from = 0): string {
  const rest = solution.slice(from);
  if (endsAs(format, solution)) return rest;
  const text = rest.trim();
  switch (format) {
    case "think_answer":
      return `<think>\n${text}\n</think>\n<answer>\n${answer}\n</answer>`;
    case "think":
      return `<think>${text}</think>\n${answer}`;
    case "boxed":
      return `${rest.trimEnd()}\nThe answer is $\\boxed{${answer}}$.`;
    case "hash": // traces without white space, as the generated ones, go on in the same line
      return /\s/.test(text) ? `${rest.trimEnd()}\n${FINAL_MARKER} ${answer}` : text + FINAL_MARKER + answer;
  }
}
