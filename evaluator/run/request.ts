// What the evaluator asks: the request for one completion, and the key under which its answer is kept.

import { asRepeat } from "#shared/tasks/questions.ts";
import { seedOf, sha256 } from "#shared/tasks/digest.ts";
import type { Prompt, Sampling, Task } from "#shared/tasks/task.ts";

/** The request for one completion of one problem. */
export interface SampleRequest {
  /** Identity of the sample; see `requestKey`. */
  key: string;
  benchmark: string;
  problem_id: string;
  repeat: number;
  prompt: Prompt;
  sampling: Sampling;
  /** Sent to endpoints and used by the local engine; differs between problems and repeats. */
  seed: number;
}

/**
 * Identity of a sample: hash of the source, the benchmark's task hash, the problem, the repeat and the
 * whole request. Two requests share a key only when they would be the same request to the same model.
 */
async function requestKey(
  identity: Record<string, string>,
  taskHash: string,
  request: Omit<SampleRequest, "key">,
): Promise<string> {
  return await sha256(JSON.stringify([sorted(identity), taskHash, request]));
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

/** All requests of a task, problem by problem, made one at a time: a large run has millions. */
export async function* requestsOf(
  task: Task,
  identity: Record<string, string>,
  seed: number,
): AsyncGenerator<SampleRequest> {
  const hash = await taskHash(task);
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
      yield { ...request, key: await requestKey(identity, hash, request) };
    }
  }
}

/** Requests as a source takes them. */
export type Requests = AsyncIterable<SampleRequest> | Iterable<SampleRequest>;

function sorted(record: Record<string, string>): [string, string][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
