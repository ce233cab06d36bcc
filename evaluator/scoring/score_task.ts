// Scores a task problem by problem: at any time only the samples of one problem are in memory, however many a run has.

import type { BenchmarkScore, EvaluationRow } from "#shared/schemas/evaluation.ts";
import { asRepeat, type BenchmarkProblem } from "#shared/tasks/questions.ts";
import type { Prompt, Task } from "#shared/tasks/task.ts";
import { type Requests, type SampleRequest, taskHash } from "../run/request.ts";
import type { SampleRecord } from "../run/source.ts";
import { type ScoredSample, scoreSample } from "./score.ts";
import { Summary } from "./summary.ts";

/** Called between two pieces of work with the work done, so that others may have their turn. */
export type Pause = (fuel: number) => Promise<void> | void;

/**
 * Scores all finished samples of a task in the order of the requests; null where there is none.
 * @param find The finished sample of a request, if any.
 * @param onRow Called with each scored sample as the row that is kept of it.
 */
export async function scoreTask(
  task: Task,
  requests: Requests,
  find: (request: SampleRequest) => SampleRecord | undefined,
  { onRow, pause }: { onRow?: (row: EvaluationRow) => void; pause?: Pause } = {},
): Promise<BenchmarkScore | null> {
  const summary = new Summary(task);
  const problems = new Map(task.problems.map((problem) => [problem.id, problem]));
  let group: ScoredSample[] = [];
  let current: BenchmarkProblem | undefined;
  const close = async (): Promise<void> => {
    if (current && group.length > 0) await summary.add(current, group, pause);
    group = [];
  };
  for await (const request of requests) {
    if (current?.id !== request.problem_id) {
      await close();
      current = problems.get(request.problem_id);
    }
    const sample = find(request);
    if (sample === undefined || current === undefined) continue;
    const scored = await scoreSample(task, current, sample);
    group.push(scored);
    onRow?.(rowOf(task, asRepeat(current, sample.repeat), scored));
    await pause?.(scored.score.fuel + scored.text.length / 16);
  }
  await close();
  return summary.samples === 0 ? null : summary.finish(await taskHash(task));
}

/** A scored sample as a row of the file next to the result. */
export function rowOf(task: Task, problem: BenchmarkProblem, sample: ScoredSample): EvaluationRow {
  const { verdict, tier, reason, extracted, span, trace_correct } = sample.score;
  return {
    benchmark: task.name,
    problem_id: problem.id,
    level: problem.level,
    sample: sample.repeat,
    question: problem.text,
    prompt: promptText(task.prompt(problem)),
    completion: sample.text,
    ...(sample.reasoning === undefined ? {} : { reasoning: sample.reasoning }),
    graded: sample.graded,
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
