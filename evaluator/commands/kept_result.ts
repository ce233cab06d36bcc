// What stands at --out already: a result is replaced by one that contains it, as when the same command goes on or asks
// more benchmarks, and by no other unless that is asked for.

import { existsSync } from "node:fs";
import * as v from "valibot";
import { readJson } from "#shared/io/files.ts";
import {
  type BenchmarkScore,
  type EvaluationResult,
  EvaluationResultSchema,
} from "#shared/schemas/evaluation.ts";
import type { Task } from "#shared/tasks/task.ts";
import { taskHash } from "../run/request.ts";

/** What is going to be evaluated. */
export interface Evaluation {
  model: string;
  digest: string | null;
  seed: number;
  tasks: readonly Task[];
}

/**
 * @param out a path that may be free
 * @throws Error of one sentence where the file holds something that would be lost
 */
export async function keepOther(out: string, evaluation: Evaluation): Promise<void> {
  if (!existsSync(out)) return;
  const kept = resultIn(out);
  const lost = kept === null ? "it is not the result of an evaluation" : await lostOf(kept, evaluation);
  if (lost === null) return;
  throw new Error(
    `Cannot write ${out} as ${lost}: give another --out, or replace it with --overwrite`,
  );
}

function resultIn(path: string): EvaluationResult | null {
  try {
    return v.parse(EvaluationResultSchema, readJson(path));
  } catch {
    return null;
  }
}

/** What of a result the evaluation does not ask again, or null. */
async function lostOf(
  kept: EvaluationResult,
  { model, digest, seed, tasks }: Evaluation,
): Promise<string | null> {
  if (digest === null || kept.model_sha256 !== digest) {
    if (kept.model !== model) return `its result is that of ${kept.model}`;
    if (kept.model_sha256 !== digest) return `its result is that of ${model} with other files`;
  }
  if (kept.seed !== seed) return `its result was sampled with --seed ${kept.seed}`;
  for (const benchmark of kept.benchmarks) {
    const task = tasks.find(({ name }) => name === benchmark.name);
    if (task === undefined) return `its result has ${benchmark.name}, too`;
    const other = await otherIn(benchmark, task);
    if (other !== null) return `its result has ${benchmark.name} with ${other}`;
  }
  return null;
}

async function otherIn(kept: BenchmarkScore, task: Task): Promise<string | null> {
  const text = ({ temperature, top_p, max_tokens, stop }: Task["sampling"]) =>
    JSON.stringify({ temperature, top_p, max_tokens, stop });
  if (kept.task_hash !== await taskHash(task)) return "other problems or prompts";
  if (kept.verifier !== (task.ownGrader?.name ?? task.verify)) return `the grader ${kept.verifier}`;
  if (text(kept.sampling) !== text(task.sampling)) return `the sampling ${text(kept.sampling)}`;
  return kept.k > task.samples ? `${kept.k} samples a problem` : null;
}
