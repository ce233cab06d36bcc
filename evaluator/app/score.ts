// Scoring completions that the caller brings, for a bundled benchmark or for gold answers of the caller's own.

import type * as v from "valibot";
import type { BenchmarkScore } from "#shared/schemas/evaluation.ts";
import { FAMILIES } from "#shared/schemas/recipe/data.ts";
import { evalPresets } from "#shared/tasks/protocols.ts";
import { syntheticTask } from "#shared/tasks/synthetic.ts";
import type { Task } from "#shared/tasks/task.ts";
import { requestsOf } from "../run/request.ts";
import type { SampleRecord } from "../run/source.ts";
import { scoreTask } from "../scoring/score_task.ts";
import { HttpError } from "#shared/http/http_error.ts";
import { MAX_SAMPLES, type ScoreRequest } from "./schemas.ts";
import { WorkSlices } from "./yielding.ts";

type Request = v.InferOutput<typeof ScoreRequest>;

/** Scores the completions. Throws 422 for a problem that the benchmark does not have. */
export async function scoreCompletions(request: Request): Promise<BenchmarkScore> {
  const task = taskOf(request);
  const slices = new WorkSlices();
  const problems = new Set(task.problems.map((problem) => problem.id));
  if (problems.size < task.problems.length) throw new HttpError(422, "Two problems have the same id");
  const counts = new Map<string, number>();
  const samples = new Map<string, SampleRecord>();
  for (const row of request.completions) {
    const shown = JSON.stringify(row.problem_id.slice(0, 100));
    if (!problems.has(row.problem_id)) throw new HttpError(422, `The benchmark has no problem ${shown}`);
    const repeat = row.sample ?? counts.get(row.problem_id) ?? 0;
    counts.set(row.problem_id, repeat + 1);
    if (repeat >= MAX_SAMPLES) {
      throw new HttpError(422, `A problem may have at most ${MAX_SAMPLES} samples`);
    }
    const key = `${repeat} ${row.problem_id}`;
    if (samples.has(key)) throw new HttpError(422, `Sample ${repeat} of ${shown} appears twice`);
    samples.set(key, {
      type: "sample",
      key,
      benchmark: task.name,
      problem_id: row.problem_id,
      repeat,
      text: row.completion,
      finish_reason: row.finish_reason ?? null,
      tokens: null,
      attempts: 1,
      latency_ms: null,
    });
  }
  task.samples = [...samples.values()].reduce((most, { repeat }) => Math.max(most, repeat + 1), 1);
  const score = await scoreTask(
    task,
    requestsOf(task, { source: "completions" }, 0),
    ({ repeat, problem_id }) => samples.get(`${repeat} ${problem_id}`),
    { pause: (fuel) => slices.spend(fuel) },
  );
  if (score === null) throw new HttpError(422, "There is no completion to score");
  return score;
}

function taskOf({ benchmark, preset, problems_seed, per_level, problems }: Request): Task {
  const verifier = preset ?? "report";
  const family = FAMILIES.find((known) => known === benchmark);
  if (problems === undefined) {
    if (family) return { ...syntheticTask(family, problems_seed ?? 1, per_level), verify: verifier };
    throw new HttpError(
      422,
      `The benchmark must be one of ${FAMILIES.join(", ")}, or come with its problems`,
    );
  }
  return {
    name: benchmark,
    title: benchmark,
    preset: "plain",
    problems: problems.map(({ id, answer, level, choices }) => ({
      id,
      text: "",
      answer,
      level: level ?? null,
      ...(choices === undefined ? {} : { choices }),
    })),
    samples: 1,
    sampling: evalPresets.plain.sampling,
    verify: verifier,
    prompt: ({ text }) => ({ messages: [{ role: "user", content: text }] }),
  };
}
