// Scoring completions that the caller brings, for a bundled benchmark or for golds of the caller's own.

import type * as v from "valibot";
import type { BenchmarkScore } from "#shared/schemas/evaluation.ts";
import { FAMILIES } from "#shared/schemas/recipe.ts";
import { syntheticTask } from "../benchmarks/synthetic.ts";
import { presets } from "../presets.ts";
import { type ScoredSample, summarise } from "../summary.ts";
import { score, type Task, taskHash } from "../task.ts";
import { HttpProblem } from "./problem.ts";
import { MAX_SAMPLES, type ScoreRequest } from "./schemas.ts";
import { letOthersRun } from "./verify.ts";

/** Completions scored between two pauses for other requests. */
const PAUSE = 32;

type Request = v.InferOutput<typeof ScoreRequest>;

/** Scores the completions. Throws 422 for a problem that the benchmark does not have. */
export async function scoreCompletions(request: Request): Promise<BenchmarkScore> {
  const task = taskOf(request);
  const problems = new Map(task.problems.map((problem) => [problem.id, problem]));
  if (problems.size < task.problems.length) throw new HttpProblem(422, "Two problems have the same id");
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  const scored: ScoredSample[] = [];
  for (const row of request.completions) {
    if (scored.length % PAUSE === PAUSE - 1) await letOthersRun();
    const problem = problems.get(row.problem_id);
    if (!problem) {
      throw new HttpProblem(
        422,
        `The benchmark has no problem ${JSON.stringify(row.problem_id.slice(0, 100))}`,
      );
    }
    const repeat = row.sample ?? counts.get(problem.id) ?? 0;
    counts.set(problem.id, repeat + 1);
    if (repeat >= MAX_SAMPLES) {
      throw new HttpProblem(422, `A problem may have at most ${MAX_SAMPLES} samples`);
    }
    const key = `${repeat} ${problem.id}`;
    if (seen.has(key)) {
      throw new HttpProblem(422, `Sample ${repeat} of ${problem.id.slice(0, 100)} is there twice`);
    }
    seen.add(key);
    scored.push({
      type: "sample",
      key,
      benchmark: task.name,
      problem_id: problem.id,
      repeat,
      text: row.completion,
      finish_reason: row.finish_reason ?? null,
      tokens: null,
      attempts: 1,
      latency_ms: null,
      score: score(task, problem, row.completion),
    });
  }
  task.samples = Math.max(1, ...scored.map((sample) => sample.repeat + 1));
  return summarise(task, await taskHash(task), scored);
}

function taskOf({ benchmark, preset, problems_seed, per_level, problems }: Request): Task {
  const verifier = preset ?? "report";
  const family = FAMILIES.find((known) => known === benchmark);
  if (problems === undefined) {
    if (family) return { ...syntheticTask(family, problems_seed ?? 1, per_level), verify: verifier };
    throw new HttpProblem(
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
    sampling: presets.plain.sampling,
    verify: verifier,
    prompt: ({ text }) => ({ messages: [{ role: "user", content: text }] }),
  };
}
