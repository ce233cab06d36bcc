// A finished run for tests of the report: some answers right, the others with an attack in them.

import type { EvaluationRow } from "#shared/schemas/evaluation.ts";
import { syntheticTask } from "#shared/tasks/synthetic.ts";
import type { ReportedRun } from "../report/run_files.ts";
import { requestsOf } from "../run/request.ts";
import { score, type ScoredSample } from "../scoring/score.ts";
import { rowOf } from "../scoring/score_task.ts";
import { averagesOf, summarise } from "../scoring/summary.ts";

const attack =
  "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";

/** A run of 10 chain problems of which the first `right` are answered rightly. */
export async function runWith(right: number): Promise<ReportedRun> {
  const task = syntheticTask("chain", 3, 2);
  const requests = await Array.fromAsync(requestsOf(task, {}, 0));
  const scored = requests.map((request, i): ScoredSample => {
    const problem = task.problems[i]!;
    const text = i < right ? `So $\\frac{x}{2}$ is \\boxed{${problem.answer}}` : `${attack} #### 999`;
    const { key, benchmark, problem_id, repeat } = request;
    return {
      ...{ type: "sample", key, benchmark, problem_id, repeat, text, finish_reason: "stop", tokens: 5 },
      ...{ attempts: 1, latency_ms: null, score: score(task, problem, text) },
      graded: "completion",
    };
  });
  const benchmarks = [await summarise(task, "0".repeat(64), scored)];
  const rows = scored.map((sample, i): EvaluationRow => rowOf(task, task.problems[i]!, sample));
  return {
    rows,
    result: {
      ...{ format_version: 1, model: `model ${right}`, model_sha256: null, source: "completions", seed: 0 },
      ...{ problems_seed: 3, complete: true, benchmarks, ...averagesOf(benchmarks), rows: [] },
      run: { created_at: "2026-01-01T00:00:00.000Z", duration_s: 1, engine: null },
    },
  };
}
