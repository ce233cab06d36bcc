// The scored samples of a run, as the rows next to its result.

import type { EvaluationRow } from "#shared/schemas/evaluation.ts";
import { asRepeat, type BenchmarkProblem } from "../benchmarks/benchmark.ts";
import type { Journal } from "../journal.ts";
import type { Prompt, SampleRequest } from "../sample.ts";
import type { ScoredSample } from "../summary.ts";
import { score, type Task } from "../task.ts";

/** All finished samples of a task, scored, in the order of the requests. */
export function scoreAll(task: Task, requests: readonly SampleRequest[], journal: Journal): ScoredSample[] {
  const problems = new Map(task.problems.map((problem) => [problem.id, problem]));
  return requests.flatMap((request) => {
    const sample = journal.get(request.key);
    const problem = problems.get(request.problem_id);
    return sample && problem
      ? [{ ...sample, score: score(task, asRepeat(problem, sample.repeat), sample.text) }]
      : [];
  });
}

/** The scored samples as rows, in the same order. */
export function rowsOf(task: Task, scored: readonly ScoredSample[]): EvaluationRow[] {
  const problems = new Map(task.problems.map((problem) => [problem.id, problem]));
  return scored.flatMap((sample) => {
    const problem = problems.get(sample.problem_id);
    return problem ? [rowOf(task, asRepeat(problem, sample.repeat), sample)] : [];
  });
}

function rowOf(task: Task, problem: BenchmarkProblem, sample: ScoredSample): EvaluationRow {
  const { verdict, tier, reason, extracted, span, trace_correct } = sample.score;
  return {
    benchmark: task.name,
    problem_id: problem.id,
    level: problem.level,
    sample: sample.repeat,
    prompt: promptText(task.prompt(problem)),
    completion: sample.text,
    finish_reason: sample.finish_reason,
    tokens: sample.tokens,
    gold: problem.answer,
    extracted,
    span: span === null ? null : [span.start, span.end],
    verdict,
    tier,
    reason,
    trace_correct,
  };
}

function promptText(prompt: Prompt): string {
  return "text" in prompt ? prompt.text : prompt.messages.map((message) => message.content).join("\n\n");
}
