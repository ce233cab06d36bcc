// Examples of supervised fine-tuning: prompt and the trace with its answer. Synthetic ones are made on the fly from
// (seed, step, index), so that a cold start never sees the same batch twice and needs no state to resume.
//
// The cold start is the point: hard problems come with injected step errors, and part of the examples show the
// beginning of the trace in the prompt and ask for the rest. The model then knows the form of long traces and of
// hinted prompts, but not how to get hard problems right: that is left to GHPO.

import { Random } from "#shared/problems/rng.ts";
import { syntheticProblems, withStepErrors } from "#shared/problems/synthetic.ts";
import type { Context } from "#shared/engine/model/context.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { SftRecipe } from "#shared/schemas/recipe/sft.ts";
import { answerBeginning, buildPrompt } from "#shared/text/prompts.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { splitTrace } from "../ghpo/hint.ts";
import { shuffledIndex } from "../ghpo/schedule.ts";
import type { LearnerSequence } from "../learner/policy.ts";
import { sequenceLimit } from "../preflight/requirements.ts";
import { behind, sftFormat, targetOf } from "./targets.ts";

export type SftPhase = SftRecipe["sft"]["phases"][number];

/** The step-th batch (from 0). `problems` are those of a file; null: generated ones. */
export function examplesAt(
  step: number,
  phase: SftPhase,
  problems: readonly Problem[] | null,
  recipe: SftRecipe,
  tokenizer: Tokenizer,
  eosId: number,
  context: Context,
): LearnerSequence[] {
  return Array.from({ length: recipe.sft.examples_per_step }, (_, i) => {
    const random = new Random(recipe.seed, step, i);
    const drawn = step * recipe.sft.examples_per_step + i;
    const problem = problems === null
      ? generated(recipe, random, phase)
      : problems[shuffledIndex(drawn, problems.length, recipe.seed, recipe.data.shuffle)]!;
    const hint = hintOf(problem, recipe, random, tokenizer);
    const hinted = example(problem, hint, recipe, tokenizer, eosId);
    // A hint that does not fit is not shown.
    const own = hint === "" || tooLong(hinted, recipe, context) === null
      ? hinted
      : example(problem, "", recipe, tokenizer, eosId);
    const fault = tooLong(own, recipe, context);
    if (fault !== null) throw new RangeError(`Cannot train on problem ${problem.id} as ${fault}`);
    return own;
  });
}

/** A fresh problem of the training split: easy ones solved right, hard ones with step errors. */
function generated(recipe: SftRecipe, random: Random, phase: SftPhase): Problem {
  const { families, levels } = recipe.data;
  const { hard_from_level, hard_fraction } = recipe.sft;
  const hard = levels.filter((level) => level >= hard_from_level);
  const easy = levels.filter((level) => level < hard_from_level);
  const isHard = easy.length === 0 || (hard.length > 0 && random.real() < hard_fraction);
  const [problem] = syntheticProblems({
    families: [random.pick(families)],
    levels: [random.pick(isHard ? hard : easy)],
    count: 1,
    seed: random.next(),
    split: "train",
  });
  const { step_error_rate, step_error } = phase;
  return isHard && step_error_rate > 0
    ? withStepErrors(problem!, random, step_error_rate, step_error)
    : problem!;
}

/** With the recipe's probability, the first units of the trace: at least one, never all. */
function hintOf(problem: Problem, recipe: SftRecipe, random: Random, tokenizer: Tokenizer): string {
  if (random.real() >= recipe.sft.hinted_fraction || problem.trace === null) return "";
  const units = splitTrace(problem.trace, recipe.sft.hint_cut, (text) => tokenizer.pieces(text));
  return units.length < 2 ? "" : units.slice(0, random.between(1, units.length - 1)).join("");
}

/** Why an example does not fit; null where it does. One that is cut would teach to stop in the middle. */
function tooLong(
  { ids, prompt_length }: LearnerSequence,
  { prompt: { max_prompt_length }, sft }: SftRecipe,
  context: Context,
): string | null {
  if (prompt_length > max_prompt_length) {
    return `its prompt must have at most ${max_prompt_length} tokens: current length is ${prompt_length}`;
  }
  const { tokens, name } = sequenceLimit(context, sft.micro_batch_tokens, "sft.micro_batch_tokens");
  if (ids.length <= tokens) return null;
  return `prompt and solution must have at most ${tokens} tokens (${name}): current length is ${ids.length}`;
}

function example(
  problem: Problem,
  hint: string,
  recipe: SftRecipe,
  tokenizer: Tokenizer,
  eosId: number,
): LearnerSequence {
  const style = { ...recipe.prompt, glue: recipe.sft.hint_glue, placement: "user" } as const;
  const { prompt_ids } = buildPrompt(tokenizer, problem.text, hint, style);
  const target = targetOf(problem, sftFormat(recipe), hint.length);
  if (target === null) {
    throw new TypeError(`Cannot train on problem ${problem.id} as it has no solution trace`);
  }
  const rest = behind(answerBeginning(tokenizer, recipe.prompt), target);
  const ids = [...prompt_ids, ...tokenizer.encode(rest), eosId];
  return { ids, prompt_length: prompt_ids.length };
}
