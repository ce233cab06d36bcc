// What a study will cost, said before it starts. Runs that are missing are taken to cost what the finished runs of
// their arm did; before there are any, an estimate from the recipe.

import type { Problem } from "#shared/schemas/problem.ts";
import { mean } from "#shared/statistics.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

/** Tokens that GHPO samples for one of GRPO's, and the share of all tokens that is learned from, in small trials. */
const GHPO_EXTRA = 1.3;
const LEARNED_SHARE = 0.5;
/** Speed of two CPU cores with a model this small, until a finished run has told the machine's own. */
export const ASSUMED_GFLOPS = 4;

export interface Lengths {
  /** Mean tokens of a question and of a right completion. */
  prompt: number;
  completion: number;
}

/** Mean token counts of the first few hundred problems. */
export function lengthsOf(problems: readonly Problem[], tokens: (text: string) => number): Lengths {
  const some = problems.slice(0, 300);
  return {
    prompt: mean(some.map((problem) => tokens(problem.text))) + 1,
    completion: mean(some.map(({ trace, answer }) => tokens((trace?.text ?? "") + answer))) + 2,
  };
}

/** TFLOP of a run of a model with this many parameters, evaluation in the loop and the final test included. */
export function estimateRun(
  recipe: TrainRecipe,
  o: { parameters: number; lengths: Lengths; tokenBudget: number | null; testProblems: number },
): number {
  const { train, generation, algorithm } = recipe;
  const { prompt, completion } = o.lengths;
  const perStep = train.prompts_per_step * generation.num_generations * completion *
    (algorithm === "ghpo" ? GHPO_EXTRA : 1);
  const sampled = Math.min(o.tokenBudget ?? Infinity, perStep * train.max_steps);
  const steps = sampled / perStep;
  const learned = LEARNED_SHARE * sampled * (1 + prompt / completion) * recipe.loss.num_iterations;
  return o.parameters * (2 * sampled + 6 * learned + 2 * evaluatedTokens(recipe, steps, o)) / 1e12;
}

/** TFLOP that evaluations add to a run of this many steps, which its own count leaves out. */
export function evaluationCost(
  recipe: TrainRecipe,
  steps: number,
  o: { parameters: number; lengths: Lengths; testProblems: number },
): number {
  return o.parameters * 2 * evaluatedTokens(recipe, steps, o) / 1e12;
}

function evaluatedTokens(
  { eval: { eval_every, benchmarks, count } }: TrainRecipe,
  steps: number,
  o: { lengths: Lengths; testProblems: number },
): number {
  const inLoop = eval_every === 0 ? 0 : (1 + Math.ceil(steps / eval_every)) * benchmarks.length * count;
  return (inLoop + o.testProblems) * (o.lengths.prompt + o.lengths.completion);
}

export interface ArmCost {
  arm: string;
  done: number;
  missing: number;
  /** TFLOP of one run. */
  tflop: number;
}

/** The table that is printed before a study starts. */
export function renderCost(costs: readonly ArmCost[], gflops: number, measured: boolean): string {
  const width = Math.max(3, ...costs.map(({ arm }) => arm.length));
  const left = costs.reduce((sum, cost) => sum + cost.missing * cost.tflop, 0);
  const hours = left * 1000 / gflops / 3600;
  const missing = costs.reduce((sum, cost) => sum + cost.missing, 0);
  return [
    `${"arm".padEnd(width)}  done  missing  TFLOP a run`,
    ...costs.map(({ arm, done, missing, tflop }) =>
      `${arm.padEnd(width)}  ${String(done).padStart(4)}  ${String(missing).padStart(7)}  ${tflop.toFixed(3)}`
    ),
    `${missing} runs to do: ${left.toFixed(2)} TFLOP, ${hours.toFixed(2)} hours at ${
      gflops.toFixed(1)
    } GFLOP/s ` +
    `(${measured ? "the speed of the finished runs here" : "assumed; the first finished run tells"})`,
  ].join("\n");
}
