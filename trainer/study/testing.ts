// What the tests of studies share: a study in a temporary folder and a backend without a GPU.

import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trainingProblems } from "../loop/data.ts";
import { Status } from "../run/progress.ts";
import { EOS, scriptedSetting, tinyTokenizer, UnigramPolicy } from "../loop/testing.ts";
import { chooseSource } from "../loop/choose_source.ts";
import { runLoop } from "../loop/train.ts";
import { evaluationOn } from "../loop/unigram_run.testing.ts";
import type { ModelIdentity, StudyBackend } from "./execute.ts";
import { finalTest } from "./held_out.ts";
import { planStudy, type StudyPlan } from "./study_plan.ts";

const RECIPE = `
model = "m"
output_dir = "o"
[data]
families = ["chain"]
levels = [1, 4]
count = 20
[prompt]
system = ""
max_prompt_length = 96
[generation]
num_generations = 4
max_completion_length = 6
[ghpo]
cold_start_steps = 0
[reward]
format = "hash"
[optimizer]
learning_rate = 2
[train]
max_steps = 3
prompts_per_step = 3
[eval]
eval_every = 1
benchmarks = ["chain"]
levels = [1, 4]
count = 4
[checkpoint]
save_every = 1
`;

const STUDY = `
title = "A study"
question = "What?"
recipe = "RECIPE"
seeds = [1, 2]
reference = "ghpo"
trained = ["chain"]
[test]
families = ["chain", "gcd"]
levels = [1, 4]
count = 5
problems_seed = 3
[[arms]]
name = "grpo"
title = "GRPO"
set.algorithm = "grpo"
[[arms]]
name = "ghpo"
title = "GHPO"
`;

/** Writes a study of two arms and two seeds and plans it. `edit` may change its text. */
export function tinyStudy(
  edit: (text: string) => string = (text) => text,
  name = "tiny",
  folder = temporary(),
): {
  plan: StudyPlan;
  folder: string;
} {
  const recipe = join(folder, "recipe.toml");
  const file = join(folder, `${name}.toml`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(recipe, RECIPE);
  writeFileSync(file, edit(STUDY.replace("RECIPE", recipe)));
  return { plan: planStudy(file, join(folder, "runs")), folder };
}

export function temporary(): string {
  return mkdtempSync(join(tmpdir(), "ghpo-study-"));
}

export const MODELS: ReadonlyMap<string, ModelIdentity> = new Map([
  ["m", { sha256: "0".repeat(64), parameters: 1000 }],
]);

/** Trains and tests the bag policy (testing.ts). `beforeCall` may throw, as if the process were killed there. */
export function unigramBackend(
  beforeCall: (name: string) => void = () => {},
): StudyBackend & { trained: string[] } {
  const trained: string[] = [];
  return {
    trained,
    facts: (model) => MODELS.get(model)!,
    async train(recipe, { resume, tokenBudget, stop }) {
      trained.push(recipe.output_dir);
      const policy = new UnigramPolicy(beforeCall);
      const problems = await trainingProblems(recipe);
      const { setting } = await scriptedSetting(recipe, problems, () => "");
      const evaluation = evaluationOn(policy, problems.slice(0, 4));
      return await runLoop({
        recipe,
        policy,
        source: chooseSource({ ...setting, sampler: policy }),
        evaluation,
        resume,
        status: new Status({ total: 1, quiet: true }),
        stop,
        ...(tokenBudget !== null && { tokenBudget }),
      });
    },
    async test(model, recipe, spec) {
      const policy = new UnigramPolicy(beforeCall);
      if (model !== "m") await policy.restore(model);
      return await finalTest(spec, recipe, { sampler: policy, tokenizer: tinyTokenizer, eosIds: [EOS] });
    },
  };
}
