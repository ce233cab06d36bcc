// A benchmark that is ready to be asked: its problems, the prompts, and how an answer is judged.

import {
  type FormatKind,
  type PresetName as VerifyPreset,
  verify,
  type VerifyOptions,
} from "#shared/verify/mod.ts";
import { markedGold } from "#shared/problems/gold.ts";
import { asRepeat, type BenchmarkProblem, LETTERS } from "./benchmarks/benchmark.ts";
import type { Sampling } from "./presets.ts";
import { type Prompt, requestKey, type SampleRequest, seedOf, sha256 } from "./sample.ts";

/** One benchmark under one protocol. */
export interface Task {
  name: string;
  title: string;
  preset: string;
  problems: readonly BenchmarkProblem[];
  samples: number;
  sampling: Sampling;
  verify: VerifyPreset;
  prompt(problem: BenchmarkProblem): Prompt;
  /** Whether every step of a completion is right; only for problems whose steps can be checked. */
  checkTrace?(problem: BenchmarkProblem, completion: string): boolean;
  /** Shape that the protocol asks completions to have, reported as a rate. */
  format?: FormatKind;
}

/** How one completion was judged. */
export interface Score {
  /** null: the gold answer itself cannot be verified. */
  verdict: true | false | "undecided" | null;
  tier: string;
  reason: string;
  extracted: string | null;
  span: { start: number; end: number } | null;
  trace_correct: boolean | null;
}

/**
 * Judges a completion of a problem as it was asked (`asRepeat`). A pure function of its arguments: scoring
 * twice gives the same bytes.
 */
export function score(task: Task, problem: BenchmarkProblem, completion: string): Score {
  const { verdict, tier, reason, extracted, span } = problem.choices === undefined
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
  };
}

/** A benchmark's absolute tolerance as the verifier's relative one. */
function toleranceOf({ answer, tolerance }: BenchmarkProblem): VerifyOptions {
  const size = Math.abs(Number(answer));
  return tolerance === undefined || !(size > 0) ? {} : { rules: { relativeTolerance: tolerance / size } };
}

/**
 * Hash of everything that decides what is asked and what counts as right: problems, golds and prompts.
 * A journal entry made under another hash is never reused.
 */
export async function taskHash(task: Task): Promise<string> {
  const rows = task.problems.map((problem) => [
    problem.id,
    problem.answer,
    task.prompt(problem),
    ...problem.orders ?? [], // nothing for most, whose hashes stay as they were
  ]);
  return await sha256(JSON.stringify([task.name, rows]));
}

/** All requests of a task, problem by problem, with the key under which each is journaled. */
export async function requestsOf(
  task: Task,
  identity: Record<string, string>,
  seed: number,
): Promise<SampleRequest[]> {
  const hash = await taskHash(task);
  const requests: SampleRequest[] = [];
  for (const problem of task.problems) {
    for (let repeat = 0; repeat < task.samples; repeat++) {
      const request = {
        benchmark: task.name,
        problem_id: problem.id,
        repeat,
        prompt: task.prompt(asRepeat(problem, repeat)),
        sampling: task.sampling,
        seed: await seedOf(`${seed}/${task.name}/${problem.id}/${repeat}`) & 0x7fffffff,
      };
      requests.push({ ...request, key: await requestKey(identity, hash, request) });
    }
  }
  return requests;
}
