// study: an experiment of several arms and seeds from one file, and its report.

import { existsSync } from "node:fs";
import { readJsonl } from "#shared/io/jsonl.ts";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import { mean } from "#shared/statistics.ts";
import { trainingProblems } from "../loop/data.ts";
import { openEngine } from "../learner/open_engine.ts";
import {
  type ArmCost,
  ASSUMED_GFLOPS,
  estimateRun,
  evaluationCost,
  lengthsOf,
  renderCost,
} from "../study/cost.ts";
import { readRunData } from "../study/run_data.ts";
import {
  adopt,
  execute,
  extractAgain,
  missingRuns,
  type ModelIdentity,
  modelIdentity,
  type StudyBackend,
  type TimingLine,
  timingPath,
} from "../study/execute.ts";
import { finalTest, testQuestions } from "../study/held_out.ts";
import { planStudy, type StudyPlan } from "../study/study_plan.ts";
import { reportStudy } from "../study/report.ts";
import { STOPPING, stopSignal } from "./prepare.ts";
import { runTraining } from "./train.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

export interface StudyOptions {
  runs: string;
  report?: boolean;
  extract?: boolean;
  dryRun?: boolean;
  json?: boolean;
  quiet?: boolean;
}

export async function studyCommand(file: string, options: StudyOptions): Promise<void> {
  const plan = planStudy(file, options.runs);
  if (options.report === true) {
    const written = reportStudy(plan);
    console.log(
      options.json === true ? JSON.stringify(written) : `Wrote ${written.markdown} and ${written.html}`,
    );
    return;
  }
  if (options.extract === true) {
    const read = await extractAgain(plan);
    console.log(
      `Read ${read.length} of ${plan.runs.length} runs again. Next: npm run -s ghpo -- study ${file} --report`,
    );
    return;
  }
  const models = new Map([...new Set(plan.runs.map(({ recipe }) => recipe.model))].map((model) => [
    model,
    modelIdentity(model),
  ]));
  if (options.dryRun !== true) adopt(plan, models);
  const { costs, gflops, measured } = await costsOf(plan, models);
  const say = (text: string) => options.quiet === true ? undefined : console.error(text);
  say(renderCost(costs, gflops, measured));
  if (options.dryRun !== true) {
    const complete = await execute(
      plan,
      models,
      backend(options.quiet ?? false),
      (run, index, total) => say(`run ${index + 1} of ${total}: ${run.arm.name}, seed ${run.seed}`),
      stopSignal(() => say(STOPPING)),
    );
    if (!complete) {
      say(`Stopped. Continue with: npm run -s ghpo -- study ${file}`);
      process.exitCode = 130;
    }
  }
  const missing = missingRuns(plan, models).map((run) => run.id);
  if (options.json === true) console.log(JSON.stringify({ study: plan.name, costs, gflops, missing }));
  else if (missing.length === 0) console.log(`Complete. Next: npm run -s ghpo -- study ${file} --report`);
}

/** The GPU, through the code of `train`. */
function backend(quiet: boolean): StudyBackend {
  return {
    facts: modelIdentity,
    train: (recipe, { resume, tokenBudget, stop }) =>
      runTraining(recipe, { resume, quiet, stop, ...(tokenBudget !== null && { tokenBudget }) }),
    test: async (model, recipe, spec) => {
      const policy = await openEngine({
        model,
        learner: { micro_batch_tokens: recipe.train.micro_batch_tokens, temperature: 1 },
        optimizer: recipe.optimizer,
        reference: false,
        variants: recipe.variants,
      });
      try {
        const eosIds = policy.model.config.eos_token_ids;
        return await finalTest(spec, recipe, { sampler: policy, tokenizer: policy.tokenizer, eosIds });
      } finally {
        policy.close();
      }
    },
  };
}

async function costsOf(plan: StudyPlan, models: ReadonlyMap<string, ModelIdentity>) {
  const missing = new Set(missingRuns(plan, models).map((run) => run.id));
  const problems = testQuestions(plan.study.test).length;
  const seconds = secondsOf(timingPath(plan.dataFolder));
  const timed = { tflop: 0, seconds: 0 };
  const costs: ArmCost[] = [];
  for (const { name } of plan.study.arms) {
    const runs = plan.runs.filter((run) => run.arm.name === name);
    const done = runs.filter((run) => !missing.has(run.id));
    const { recipe } = runs[0]!;
    const facts = {
      parameters: models.get(recipe.model)!.parameters,
      lengths: await lengthsFor(recipe),
      testProblems: problems,
    };
    const measured = done.map((run) => {
      const series = readRunData(run.data).metrics.get("tflop")!;
      const tflop = series.at(-1)! + evaluationCost(recipe, series.length, facts);
      if (seconds.has(run.id)) {
        timed.tflop += tflop;
        timed.seconds += seconds.get(run.id)!;
      }
      return tflop;
    });
    const estimate = () => estimateRun(recipe, { ...facts, tokenBudget: plan.study.token_budget });
    const tflop = measured.length > 0 ? mean(measured) : estimate();
    costs.push({ arm: name, done: done.length, missing: runs.length - done.length, tflop });
  }
  const measured = timed.seconds > 0;
  return { costs, gflops: measured ? 1000 * timed.tflop / timed.seconds : ASSUMED_GFLOPS, measured };
}

async function lengthsFor(recipe: TrainRecipe) {
  const tokenizer = loadTokenizer(recipe.model);
  return lengthsOf(await trainingProblems(recipe), (text) => tokenizer.encode(text).length);
}

/** How long each run took that was finished here. */
function secondsOf(path: string): Map<string, number> {
  const lines = existsSync(path) ? [...readJsonl(path, { dropTorn: true })] : [];
  return new Map(lines.map(({ value }) => value as TimingLine).map(({ run, seconds }) => [run, seconds]));
}
