// A run directory as training leaves it, made without training.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { appendJsonl, writeJsonl } from "#shared/io/jsonl.ts";
import { syntheticProblems } from "#shared/problems/synthetic.ts";
import type { Group } from "#shared/schemas/rollout.ts";
import { parse } from "#shared/schemas/parse.ts";
import { RunDirectory } from "../../run/directory.ts";
import { formatRecipe } from "../../run/recipe.ts";
import { type TrainRecipe, TrainRecipeSchema } from "../../run/train_recipe.ts";

const SIZE = 32;

function recipeOf(path: string, steps: number): TrainRecipe {
  return parse(TrainRecipeSchema, {
    model: "trainer/recipes/tiny-base",
    output_dir: path,
    data: { families: ["chain", "gcd"], levels: [3, 4], count: SIZE },
    prompt: { system: "", max_prompt_length: 96 },
    generation: { max_completion_length: 24 },
    reward: { preset: "strict", format: "hash" },
    train: { max_steps: steps },
  }, "recipe");
}

/** Metrics of a step; curves that rise and fall a little. */
export function metricsOf(step: number) {
  const wave = Math.sin(step / 9) / 10;
  return {
    step,
    time: step * 2,
    reward: 0.8 + wave,
    "rewards/accuracy/mean": 0.5 + wave,
    "rewards/format/mean": 0.9,
    "ghpo/accuracy_unhinted": 0.4 + wave,
    "ghpo/accuracy_final": 0.5 + wave,
    "ghpo/frac_difficult": 0.5 - wave,
    "ghpo/frac_unsolved": 0.2 - wave,
    "ghpo/frac_stage_1": 0.2,
    "ghpo/frac_stage_2": 0.1,
    "ghpo/frac_stage_3": 0.2 - wave,
    "ghpo/rescue_rate/stage_1": step % 3 === 0 ? null : 0.4,
    entropy: 0.3 - wave,
    grad_norm: step === 7 ? 60 : 1 + wave,
    learning_rate: 5e-4,
    "completions/mean_length": 24,
    "completions/clipped_ratio": 0.1,
    generated_tokens: step * 900,
    step_time: 2,
    "time/rollout": 0.8,
    "time/update": 1.2,
    gpu_bytes: 2e7,
  };
}

/** The first problem gets a hint at every visit; its last completion tries to smuggle HTML into the page. */
function groupsOf(step: number): Group[] {
  const problems = syntheticProblems({
    families: ["chain", "gcd"],
    levels: [3, 4],
    count: SIZE,
    seed: 42,
    split: "train",
  });
  return problems.slice(0, 6).map((problem, i): Group => {
    const hint = i === 0 ? problem.trace!.steps[0]! : "";
    const texts = [
      `${problem.trace!.text}####${problem.answer}`,
      "so $\\frac{1}{2}$####-1",
      `<img src=x onerror="document.title='owned'">####0`,
    ];
    return {
      step,
      problem_id: problem.id,
      guidance: {
        stage: i === 0 ? 1 + (step % 3) : 0,
        ratio: i === 0 ? 0.25 : 0,
        cut: "step",
        hint,
        leak: false,
      },
      prompt: `${problem.text}${hint === "" ? "" : ` Hint: ${hint}`}\nAnswer: `,
      prompt_ids: [1, 2, 3],
      completions: texts.map((text, c) => ({
        ids: [4, 5, 6],
        text,
        finish_reason: c === 2 ? "length" : "stop",
        logprobs: [-1, -1, -1],
        rewards: { accuracy: c === 0 ? 1 : 0, format: 1 },
        advantage: c === 0 ? 1.15 : -0.58,
      })),
      accuracy_unhinted: i === 0 ? 0 : 1 / 3,
      policy_version: step - 1,
    };
  });
}

/** Writes a run of this many steps, of which `max_steps` were planned. */
export function writeRun(path: string, steps: number, max_steps = steps): void {
  mkdirSync(join(path, "rollouts"), { recursive: true });
  writeFileSync(join(path, "recipe.toml"), formatRecipe(recipeOf(path, max_steps)));
  new RunDirectory(path).writeMemory({ weights: 6e6, scratch: 4e6, total: 1e7 });
  const records = Array.from({ length: steps }, (_, i) => metricsOf(i + 1));
  writeJsonl(join(path, "metrics.jsonl"), records);
  for (let step = Math.max(1, steps - 4); step <= steps; step++) writeRollouts(path, step);
}

/** One step more, as training adds it. */
export function addStep(path: string, step: number): void {
  writeRollouts(path, step);
  appendJsonl(join(path, "metrics.jsonl"), metricsOf(step));
}

function writeRollouts(path: string, step: number): void {
  writeJsonl(join(path, "rollouts", `step_${String(step).padStart(6, "0")}.jsonl`), groupsOf(step));
}
