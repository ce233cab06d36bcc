// Runs what a study is missing, one run after another, through the same code as `train`. A run's data is written
// under its name when the run is complete, so that a killed study continues where it was: finished runs are skipped, a
// run that was begun is resumed from its checkpoint.

import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { makeDirectory, readText } from "#shared/io/files.ts";
import { fileEntry, sha256 } from "#shared/io/hash.ts";
import { appendJsonl } from "#shared/io/jsonl.ts";
import { WeightFiles } from "#shared/io/weights.ts";
import { trainingProblems } from "../loop/data.ts";
import { RunDirectory } from "../run/directory.ts";
import { type Cell, checkFacts, readRunData, runFacts, sameFacts, writeRunData } from "./run_data.ts";
import { extract } from "./extract.ts";
import type { Run, StudyPlan } from "./study_plan.ts";
import type { FinalTestSpec } from "./schema.ts";
import { checkStart, startPath, writeStart } from "./starting_model.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

/** What trains the runs of a study and tests their models; the tests bring one without a GPU. */
export interface StudyBackend {
  /** Digest and size of a model as it is now. */
  facts(model: string): ModelIdentity;
  train(
    recipe: TrainRecipe,
    options: { resume: boolean; tokenBudget: number | null; stop: AbortSignal },
  ): Promise<{ finished: boolean; checkpoint: string }>;
  test(model: string, recipe: TrainRecipe, spec: FinalTestSpec): Promise<Cell[]>;
}

export interface ModelIdentity {
  sha256: string;
  parameters: number;
}

/** Digest and number of parameters of a model directory. */
export function modelIdentity(directory: string): ModelIdentity {
  const weights = new WeightFiles(directory);
  try {
    const sizes = [...weights.tensors.values()].map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    const files = readdirSync(directory).filter((name) => name.endsWith(".safetensors")).sort();
    const digests = files.map((name) => fileEntry(directory, name).sha256);
    return {
      sha256: digests.length === 1 ? digests[0]! : sha256(digests.join()),
      parameters: sizes.reduce((a, b) => a + b, 0),
    };
  } finally {
    weights.close();
  }
}

/** Copies the data of runs that another study has done with the same settings and seed, whatever its arm is called. */
export function adopt(plan: StudyPlan, models: ReadonlyMap<string, ModelIdentity>): void {
  for (const other of plan.study.reuse) {
    const folder = join(dirname(plan.dataFolder), other);
    const files = existsSync(folder)
      ? readdirSync(folder).filter((name) => /-seed\d+\.jsonl$/.test(name))
      : [];
    for (const data of files.map((name) => readRunData(join(folder, name)))) {
      for (const run of plan.runs.filter((run) => run.seed === data.facts.seed && !existsSync(run.data))) {
        const facts = runFacts(plan, run, models.get(run.recipe.model)!);
        if (sameFacts({ ...data.facts, arm: facts.arm }, facts)) writeRunData(run.data, { ...data, facts });
      }
    }
  }
}

/** The runs without data. Throws when data is there that was made with other settings. */
export function missingRuns(plan: StudyPlan, models: ReadonlyMap<string, ModelIdentity>): Run[] {
  return plan.runs.filter((run) => {
    if (!existsSync(run.data)) return true;
    checkFacts(run.data, readRunData(run.data).facts, runFacts(plan, run, models.get(run.recipe.model)!));
    return false;
  });
}

/**
 * Does all runs that are missing.
 * @param onRun Called before each of them.
 * @param stop Aborted: the run that is under way saves and ends after its step, and no other begins.
 * @returns Whether the study is complete; false when it was told to stop.
 */
export async function execute(
  plan: StudyPlan,
  models: ReadonlyMap<string, ModelIdentity>,
  backend: StudyBackend,
  onRun: (run: Run, index: number, total: number) => void,
  stop: AbortSignal = new AbortController().signal,
): Promise<boolean> {
  const { study, dataFolder } = plan;
  const todo = missingRuns(plan, models);
  makeDirectory(dataFolder);
  for (const [model, { sha256 }] of models) {
    const path = startPath(dataFolder, model);
    const facts = { model, model_sha256: sha256, test: study.test };
    if (existsSync(path)) checkStart(path, facts);
    else {
      const { recipe } = plan.runs.find((run) => run.recipe.model === model)!;
      writeStart(path, { ...facts, cells: await backend.test(model, recipe, study.test) });
    }
  }
  for (const [index, run] of todo.entries()) {
    if (stop.aborted) return false;
    onRun(run, index, todo.length);
    const directory = new RunDirectory(run.recipe.output_dir);
    const model = models.get(run.recipe.model)!;
    checkModel(run, model, backend.facts(run.recipe.model));
    const resume = existsSync(directory.recipe);
    const result = await backend.train(run.recipe, { resume, tokenBudget: study.token_budget, stop });
    if (!result.finished) return false;
    const cells = await backend.test(result.checkpoint, run.recipe, study.test);
    const series = extract(run.recipe, await trainingProblems(run.recipe), model.parameters);
    writeRunData(run.data, { facts: runFacts(plan, run, model), ...series, cells });
    // Beside the data, because the clock is the one thing that no seed repeats.
    const timing: TimingLine = { run: run.id, seconds: directory.readMetrics().at(-1)!.time };
    appendJsonl(timingPath(dataFolder), timing);
  }
  return true;
}

/**
 * Reads the series of finished runs out of their directories again, for quantities that are younger than the data. The
 * final test stays as it is. Runs whose directory is gone are left alone.
 * @returns The runs that were read.
 */
export async function extractAgain(plan: StudyPlan): Promise<Run[]> {
  const done: Run[] = [];
  for (const run of plan.runs) {
    if (!existsSync(run.data) || !existsSync(join(run.recipe.output_dir, "rollouts"))) continue;
    const { facts, cells } = readRunData(run.data);
    const series = extract(run.recipe, await trainingProblems(run.recipe), facts.parameters);
    writeRunData(run.data, { facts, ...series, cells });
    done.push(run);
  }
  return done;
}

/**
 * A run must start from the model that its data will name: throws when that has changed since the study began, or
 * since the run did, which its folder remembers.
 */
function checkModel({ recipe }: Run, wanted: ModelIdentity, current: ModelIdentity): void {
  const memory = join(recipe.output_dir, "model.sha256");
  const begun = existsSync(memory) ? readText(memory).trim() : current.sha256;
  for (const sha256 of [current.sha256, begun]) {
    if (sha256 === wanted.sha256) continue;
    throw new Error(
      `Cannot continue ${recipe.output_dir} as ${recipe.model} must have the SHA-256 ${wanted.sha256}: it is ${sha256}; ` +
        "remove that folder and start the study again",
    );
  }
  makeDirectory(recipe.output_dir);
  writeFileAtomic(memory, `${current.sha256}\n`);
}

/** One line of timing.jsonl: seconds that the run's loop took, earlier parts of a resumed run included. */
export interface TimingLine {
  run: string;
  seconds: number;
}

export function timingPath(dataFolder: string): string {
  return join(dataFolder, "timing.jsonl");
}
