// What a run directory says that a study keeps: a choice of its metrics, the evaluations in the loop, and what only
// the rollouts know: compute, and how many right answers came with a right trace.

import { join } from "node:path";
import { readJsonl } from "#shared/io/jsonl.ts";
import { checkTrace } from "#shared/problems/synthetic.ts";
import type { Metrics } from "#shared/schemas/metrics.ts";
import { parse } from "#shared/schemas/parse.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { type Group, GroupSchema } from "#shared/schemas/rollout.ts";
import { checkpointName } from "../run/checkpoint.ts";
import { RunDirectory } from "../run/directory.ts";
import type { RunData, Series } from "./run_data.ts";
import { hintSeries } from "./hint_facts.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

/** Metrics that are kept, by their beginning. */
const KEPT = [
  "generated_tokens",
  "reward",
  "frac_reward_zero_std",
  "grad_norm",
  "entropy",
  "kl",
  "clip_ratio/",
  "completions/mean_length",
  "ghpo/",
];

/** The series of a finished run of a model with this many parameters. */
export function extract(
  recipe: TrainRecipe,
  problems: readonly Problem[],
  parameters: number,
): Pick<RunData, "metrics" | "evaluations"> {
  const run = new RunDirectory(recipe.output_dir);
  const records = run.readMetrics();
  const steps = records.filter((record) => record.step > 0);
  const metrics = new Map<string, Series>();
  for (const key of keysOf(steps)) {
    if (KEPT.some((kept) => key === kept || (kept.endsWith("/") && key.startsWith(kept)))) {
      metrics.set(key, steps.map((record) => record[key] ?? null));
    }
  }
  const byId = new Map(problems.map((problem) => [problem.id, problem]));
  const hardFrom = recipe.baseline.hard_from_level;
  const groups = steps.map((record) => readGroups(run, record.step));
  const known = groups.map((step) => stepFacts(step, byId, hardFrom));
  for (const key of ["right_plain", "traced_plain", "right_hinted", "traced_hinted"] as const) {
    metrics.set(`hard/${key}`, known.map((facts) => facts[key]));
  }
  for (const [key, series] of hintSeries(groups, byId)) metrics.set(key, series);
  metrics.set("tflop", computeOf(steps, known, parameters, recipe.algorithm !== "sft"));

  const evaluated = records.filter((record) => "eval_accuracy" in record);
  const evaluations = new Map(
    keysOf(evaluated).filter((key) => /^eval_(trace_)?accuracy/.test(key)).map((key) => [key, {
      steps: evaluated.map((record) => record.step),
      values: evaluated.map((record) => record[key] ?? null),
    }]),
  );
  return { metrics, evaluations };
}

/**
 * TFLOP up to each step for N parameters: 2N a token that is sampled or prefilled (a prompt once a group; those of
 * groups that were sampled again are left out, below 1 %), 6N a token that is learned from. Attention, evaluation and
 * the optimizer are left out. Where nothing is `sampled`, the tokens of the demonstrations are learned from alone.
 */
export function computeOf(
  steps: readonly Metrics[],
  known: readonly { prompt_tokens: number; learned_tokens: number }[],
  parameters: number,
  sampled = true,
): number[] {
  let prompts = 0;
  let learned = 0;
  return steps.map((record, i) => {
    prompts += known[i]!.prompt_tokens;
    learned += known[i]!.learned_tokens;
    const forward = sampled ? record["generated_tokens"]! + prompts : 0;
    return parameters * (2 * forward + 6 * learned) / 1e12;
  });
}

/** Counts of one step. `hard/` metrics are about problems from the hard levels on. */
export function stepFacts(
  groups: readonly Group[],
  problems: ReadonlyMap<string, Problem>,
  hardFrom: number,
) {
  const facts = {
    prompt_tokens: 0,
    /** Prompt and completion of every completion with an advantage. */
    learned_tokens: 0,
    right_plain: 0,
    traced_plain: 0,
    right_hinted: 0,
    traced_hinted: 0,
  };
  for (const { problem_id, prompt_ids, guidance, completions } of groups) {
    facts.prompt_tokens += prompt_ids.length;
    const problem = problems.get(problem_id);
    for (const { ids, text, advantage, rewards } of completions) {
      if (advantage !== 0) facts.learned_tokens += prompt_ids.length + ids.length;
      if (problem === undefined || (problem.level ?? 0) < hardFrom || !((rewards["accuracy"] ?? 0) > 0)) {
        continue;
      }
      const side = guidance.hint === "" ? "plain" : "hinted";
      facts[`right_${side}`]++;
      // A completion continues where its hint ends.
      if (checkTrace(problem, guidance.hint + text) === true) facts[`traced_${side}`]++;
    }
  }
  return facts;
}

function readGroups(run: RunDirectory, step: number): Group[] {
  const path = join(run.path, "rollouts", `${checkpointName(step)}.jsonl`);
  return [...readJsonl(path)].map(({ value, line }) => parse(GroupSchema, value, `${path}:${line}`));
}

function keysOf(records: readonly Metrics[]): string[] {
  return [...new Set(records.flatMap((record) => Object.keys(record)))].sort();
}
