// demo: base checkpoint, evaluation, GHPO, evaluation again, and what came of it as a table, a page and summary.json.
// The evaluator runs in Deno as a process of its own, on problems whose seed is drawn when the demo starts.

import { mean } from "#shared/statistics.ts";
import { formatDuration } from "#shared/text/format.ts";
import { readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { makeDirectory } from "#shared/io/files.ts";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import type { BenchmarkScore, EvaluationResult } from "#shared/schemas/evaluation.ts";
import { loadRecipe } from "../../run/recipe.ts";
import { RunDirectory } from "../../run/directory.ts";
import { compareResults, evaluateBoth, FOLDER, runEvaluator } from "./evaluation.ts";
import { runTraining } from "../train.ts";
import { demoPage } from "./page.ts";
import type { DemoSummary, FamilyResult } from "./summary.ts";
import { demoTable } from "./table.ts";
import { type TrainRecipe, TrainRecipeSchema } from "../../run/train_recipe.ts";

export async function demoCommand(
  options: { compare?: boolean; quiet?: boolean; json?: boolean },
): Promise<void> {
  const started = performance.now();
  const say = (line: string) => options.quiet || console.error(line);
  const recipe = loadRecipe(TrainRecipeSchema, "demo", []);
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1;
  rmSync(FOLDER, { recursive: true, force: true });
  makeDirectory(FOLDER);

  say(`Base checkpoint ${recipe.model}: evaluating it in Deno on fresh problems (seed ${seed})`);
  const before = evaluateBoth("base", recipe.model, seed, recipe);
  say(`GHPO: ${recipe.train.max_steps} steps on ${recipe.data.families.join(", ")}`);
  const trained = await runTraining(recipe, { quiet: options.quiet ?? false });
  if (!trained.finished) {
    throw new Error(`Cannot finish the demo as it was stopped after step ${trained.step}`);
  }
  say("Evaluating the trained checkpoint on the same problems");
  const after = evaluateBoth("final", trained.checkpoint, seed, recipe);

  let grpo: { checkpoint: string; tokens: number; result: EvaluationResult } | null = null;
  if (options.compare) {
    say(`Plain GRPO until it has generated as many tokens (${trained.generated_tokens})`);
    const run = await runTraining(grpoRecipe(recipe), {
      quiet: options.quiet ?? false,
      tokenBudget: trained.generated_tokens,
    });
    const result = runEvaluator("grpo", run.checkpoint, seed, recipe.data.families);
    grpo = { checkpoint: run.checkpoint, tokens: run.generated_tokens, result };
  }

  const metrics = new RunDirectory(recipe.output_dir).readMetrics();
  const total = (key: string) => metrics.reduce((sum, record) => sum + (record[key] ?? 0), 0);
  const families = [
    ...familiesOf(before.trained, after.trained, true, grpo?.result ?? null),
    ...familiesOf(before.untrained, after.untrained, false, null),
  ];
  const own = families.filter((family) => family.trained);
  const summary: DemoSummary = {
    base_dir: recipe.model,
    final_dir: trained.checkpoint,
    problems_seed: seed,
    families,
    average: compareResults("base", "final"),
    trace_average: {
      before: mean(own.map((f) => f.trace_before)),
      after: mean(own.map((f) => f.trace_after)),
    },
    hinted_groups: total("ghpo/hinted_groups"),
    rescued_groups: total("ghpo/rescued_groups"),
    steps: trained.step,
    generated_tokens: trained.generated_tokens,
    seconds: (performance.now() - started) / 1000,
    over_grpo: grpo &&
      { ...compareResults("grpo", "final"), grpo_dir: grpo.checkpoint, generated_tokens: grpo.tokens },
  };
  writeFileAtomic(join(FOLDER, "summary.json"), JSON.stringify(summary, null, 2) + "\n");
  const grpoMetrics = grpo && new RunDirectory(grpoRecipe(recipe).output_dir).readMetrics();
  writeFileAtomic(
    join(FOLDER, "report.html"),
    demoPage(summary, metrics, grpoMetrics, rescuedExample(recipe.output_dir)),
  );
  console.log(options.json ? JSON.stringify(summary) : demoTable(summary));
  say(`${formatDuration(summary.seconds)}; open ${resolve(FOLDER, "report.html")}
Next: npm run -s ghpo -- generate --model ${summary.final_dir} --prompt "Compute 8+7-3+9-6" --greedy
      npm run -s ghpo -- train demo --dry-run      every setting of this run`);
  if (!options.compare) say(`      npm run demo -- --compare                    also train plain GRPO`);
  if (summary.hinted_groups === 0 || summary.rescued_groups === 0) {
    console.error(
      `error: guidance did nothing: ${summary.hinted_groups} groups hinted, ${summary.rescued_groups} rescued`,
    );
    process.exitCode = 1;
  }
}

/** The same settings without guidance; the token budget ends it, not the number of steps. */
function grpoRecipe(recipe: TrainRecipe): TrainRecipe {
  return {
    ...recipe,
    algorithm: "grpo",
    output_dir: join(FOLDER, "grpo"),
    train: { ...recipe.train, max_steps: 10 * recipe.train.max_steps },
  };
}

function familiesOf(
  before: EvaluationResult,
  after: EvaluationResult,
  trained: boolean,
  grpo: EvaluationResult | null,
): FamilyResult[] {
  const find = (result: EvaluationResult, name: string): BenchmarkScore =>
    result.benchmarks.find((benchmark) => benchmark.name === name)!;
  return before.benchmarks.map((x) => {
    const y = find(after, x.name);
    return {
      family: x.name,
      trained,
      before: x.pass_at_1,
      before_interval_95: x.interval_95,
      after: y.pass_at_1,
      after_interval_95: y.interval_95,
      trace_before: x.trace_accuracy ?? NaN,
      trace_after: y.trace_accuracy ?? NaN,
      grpo: grpo === null ? null : find(grpo, x.name).pass_at_1,
    };
  });
}

/** The first group of the run that a hint rescued, for the page. */
function rescuedExample(run: string) {
  for (let step = 1;; step++) {
    const path = join(run, "rollouts", `step_${String(step).padStart(6, "0")}.jsonl`);
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch {
      return null;
    }
    for (const line of text.trim().split("\n")) {
      const group = JSON.parse(line) as {
        step: number;
        prompt: string;
        guidance: { stage: number; hint: string };
        completions: { text: string; rewards: { accuracy: number | null } }[];
      };
      const solved = group.completions.find((completion) => completion.rewards.accuracy === 1);
      if (group.guidance.stage > 0 && solved) return { ...group, solved: solved.text };
    }
  }
}
