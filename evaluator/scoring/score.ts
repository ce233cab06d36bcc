// How one answer is judged: a pure function of the completion and the task, so scoring twice gives the same bytes.

import { markedGold } from "#shared/problems/gold.ts";
import { verify, type VerifyOptions } from "#shared/verify/mod.ts";
import { asRepeat, type BenchmarkProblem, LETTERS } from "#shared/tasks/questions.ts";
import type { Task } from "#shared/tasks/task.ts";
import type { SampleRecord } from "../run/source.ts";
import { type GradedText, gradedText } from "./graded_text.ts";

/** How one completion was judged. */
export interface Score {
  /** null: the gold answer itself cannot be verified. */
  verdict: true | false | "undecided" | null;
  tier: string;
  reason: string;
  extracted: string | null;
  /** Where the answer is in the graded text. */
  span: { start: number; end: number } | null;
  trace_correct: boolean | null;
  /** Work done, in the verifier's units. */
  fuel: number;
}

/** A finished sample with its score. */
export interface ScoredSample extends SampleRecord {
  score: Score;
  graded: GradedText["from"];
}

/** Judges a completion of a problem as it was asked (`asRepeat`). */
export function score(task: Task, problem: BenchmarkProblem, completion: string): Score {
  const { verdict, tier, reason, extracted, span, fuel } = problem.choices === undefined
    ? verify(markedGold(problem.answer, task.verify), completion, task.verify, toleranceOf(problem))
    : verify(problem.answer, completion, "choice", {
      choices: LETTERS.slice(0, problem.choices),
    });
  return {
    verdict,
    tier,
    reason,
    extracted,
    span: span ?? null,
    trace_correct: task.checkTrace ? verdict === true && task.checkTrace(problem, completion) : null,
    fuel,
  };
}

/** Judges a finished sample: the text that `gradedText` names, against the problem as this repeat asked it. */
export async function scoreSample(
  task: Task,
  problem: BenchmarkProblem,
  sample: SampleRecord,
): Promise<ScoredSample> {
  const { text, from } = gradedText(sample, task.sampling.stop);
  const asked = asRepeat(problem, sample.repeat);
  return {
    ...sample,
    score: task.ownGrader ? await ownScore(task.ownGrader, asked, text) : score(task, asked, text),
    graded: from,
  };
}

async function ownScore(
  { name, grade }: NonNullable<Task["ownGrader"]>,
  problem: BenchmarkProblem,
  completion: string,
): Promise<Score> {
  const { correct, answer, reason } = await grade(problem, completion);
  return {
    ...{ verdict: correct, tier: name, reason, extracted: answer },
    ...{ span: null, trace_correct: null, fuel: 0 },
  };
}

/** A benchmark's absolute tolerance as the verifier's relative one. */
function toleranceOf({ answer, tolerance }: BenchmarkProblem): VerifyOptions {
  const size = Math.abs(Number(answer));
  return tolerance === undefined || !(size > 0) ? {} : { rules: { relativeTolerance: tolerance / size } };
}
