// study: an experiment of several arms and seeds from one file, and its report.

import { existsSync } from "node:fs";
import { readJsonl } from "#shared/io/jsonl.ts";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import type { TrainRecipe } from "#shared/schemas/recipe.ts";
import { trainingProblems } from "../data.ts";
import { openEngine } from "../engine.ts";
import {
  type ArmCost,
  ASSUMED_GFLOPS,
  estimateRun,
  evaluationCost,
  lengthsOf,
  renderCost,
} from "../study/cost.ts";
import { readRunData } from "../study/data.ts";
import {
  adopt,
  execute,
  type Machine,
  missingRuns,
  type ModelFacts,
  modelFacts,
  timingPath,
} from "../study/execute.ts";
import { finalTest, testProblems } from "../study/held_out.ts";
import { type Plan, planStudy } from "../study/plan.ts";
import { reportStudy } from "../study/report.ts";
import { mean } from "../study/statistics.ts";
import { runTraining } from "./train.ts";

export interface StudyOptions {
  runs: string;
  report?: boolean;
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
  const models = new Map([...new Set(plan.runs.map(({ recipe }) => recipe.model))].map((model) => [
    model,
    modelFacts(model),
  ]));
  if (options.dryRun !== true) adopt(plan, models);
  const { costs, gflops, measured } = await costsOf(plan, models);
  const say = (text: string) => options.quiet === true ? undefined : console.error(text);
  say(renderCost(costs, gflops, measured));
  if (options.dryRun !== true) {
    // Every run listens for Ctrl-C; a study has more of them than Node expects.
    process.setMaxListeners(2 * plan.runs.length + 10);
    const complete = await execute(
      plan,
      models,
      machine(options.quiet ?? false),
      (run, index, total) => say(`run ${index + 1} of ${total}: ${run.arm.name}, seed ${run.seed}`),
    );
    if (!complete) {
      say(`Stopped. Go on with: npm run -s ghpo -- study ${file}`);
      process.exitCode = 130;
    }
  }
  const missing = missingRuns(plan, models).map((run) => run.id);
  if (options.json === true) console.log(JSON.stringify({ study: plan.name, costs, gflops, missing }));
  else if (missing.length === 0) console.log(`Complete. Next: npm run -s ghpo -- study ${file} --report`);
}

/** The GPU, through the code of `train`. */
function machine(quiet: boolean): Machine {
  return {
    train: (recipe, { resume, tokenBudget }) =>
      runTraining(recipe, { resume, quiet, ...(tokenBudget !== null && { tokenBudget }) }),
    test: async (model, recipe, spec) => {
      const policy = await openEngine({
        model,
        learner: { micro_batch_tokens: recipe.train.micro_batch_tokens, temperature: 1 },
        optimizer: recipe.optimizer,
        reference: false,
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

async function costsOf(plan: Plan, models: ReadonlyMap<string, ModelFacts>) {
  const missing = new Set(missingRuns(plan, models).map((run) => run.id));
  const problems = [...testProblems(plan.study.test).values()].flat().length;
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
      return series.at(-1)! + evaluationCost(recipe, series.length, facts);
    });
    const estimate = () => estimateRun(recipe, { ...facts, tokenBudget: plan.study.token_budget });
    const tflop = measured.length > 0 ? mean(measured) : estimate();
    costs.push({ arm: name, done: done.length, missing: runs.length - done.length, tflop });
  }
  const speed = speedOf(timingPath(plan.dataFolder));
  return { costs, gflops: speed ?? ASSUMED_GFLOPS, measured: speed !== null };
}

async function lengthsFor(recipe: TrainRecipe) {
  const tokenizer = loadTokenizer(recipe.model);
  return lengthsOf(await trainingProblems(recipe), (text) => tokenizer.encode(text).length);
}

/** GFLOP/s of the runs that finished, evaluations counted as time but not as work; null before the first. */
function speedOf(path: string): number | null {
  if (!existsSync(path)) return null;
  let seconds = 0;
  let tflop = 0;
  for (const { value } of readJsonl(path, { dropTorn: true })) {
    const timing = value as { seconds: number; tflop: number };
    seconds += timing.seconds;
    tflop += timing.tflop;
  }
  return seconds === 0 ? null : 1000 * tflop / seconds;
}
