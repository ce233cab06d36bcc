// The text that a model should write for a problem: its solution, ending in the answer as the prompt asks for it.

import { checkTrace, targetText } from "#shared/problems/synthetic.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { SftRecipe } from "#shared/schemas/recipe/sft.ts";
import { type AnswerFormat, formatAskedBy, formatOf, solutionIn } from "#shared/text/answer_format.ts";
import { wordsOf } from "#shared/text/prompts.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

/** What the format reward wants. */
const REWARDED: Record<TrainRecipe["reward"]["format"], AnswerFormat> = {
  think_answer: "think_answer",
  tag_count: "think_answer",
  think: "think",
  hash: "hash",
};

/**
 * The form of answers that a recipe asks for: by the words of its prompt, else by its format reward. Null where
 * neither says anything.
 */
export function askedFormat(
  recipe: Pick<TrainRecipe, "prompt"> & Partial<Pick<TrainRecipe, "reward">>,
): AnswerFormat | null {
  const asked = formatAskedBy(wordsOf(recipe.prompt));
  if (asked !== null || recipe.reward === undefined) return asked;
  return recipe.reward.functions.includes("format") ? REWARDED[recipe.reward.format] : null;
}

/** The form in which supervised fine-tuning writes the answers of a recipe's problems; null leaves solutions alone. */
export function sftFormat(recipe: SftRecipe): AnswerFormat | "own" | null {
  const { answer_format } = recipe.sft;
  if (answer_format === "none") return null;
  return answer_format === "auto" ? askedFormat(recipe) ?? "own" : answer_format;
}

/**
 * The solution of a problem with its answer in the given form; null without a solution. "own" leaves a solution that
 * ends in its answer, however marked, as it is, and writes other answers behind ####.
 *
 * @param from Characters of the solution that the prompt shows already.
 */
export function targetOf(problem: Problem, format: AnswerFormat | "own" | null, from = 0): string | null {
  const { trace, answer } = problem;
  if (trace === null) return null;
  const isGenerated = checkTrace(problem, "") !== null;
  if (isGenerated && (format === null || format === "own" || format === "hash")) {
    return targetText(problem)!.slice(from);
  }
  if (format === null || (format === "own" && formatOf(trace.text) !== null)) return trace.text.slice(from);
  return solutionIn(format === "own" ? "hash" : format, trace.text, answer, from);
}

/** A target without what the chat template begins the answer with, which is not said twice. */
export function behind(begun: string, target: string): string {
  return target.startsWith(begun) ? target.slice(begun.length) : target;
}
