// From tasks to a result without any model: requests, scoring, summary.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { EvaluationResult } from "#shared/schemas/evaluation.ts";
import { checkTrace, syntheticProblems, targetText } from "#shared/problems/synthetic.ts";
import { syntheticTask } from "#shared/tasks/synthetic.ts";
import { compareResults } from "./comparison.ts";
import type { Task } from "#shared/tasks/task.ts";
import { requestsOf } from "../run/request.ts";
import { score, type ScoredSample } from "./score.ts";
import { averagesOf, summarise } from "./summary.ts";

/** Scores `text(problem index, repeat)` for every sample of the task. */
async function scored(task: Task, text: (i: number, repeat: number) => string): Promise<ScoredSample[]> {
  const requests = await Array.fromAsync(requestsOf(task, {}, 0));
  return requests.map(({ key, benchmark, problem_id, repeat }) => {
    const i = task.problems.findIndex(({ id }) => id === problem_id);
    const completion = text(i, repeat);
    return {
      type: "sample",
      key,
      benchmark,
      problem_id,
      repeat,
      text: completion,
      finish_reason: "stop",
      tokens: 3,
      attempts: 1,
      latency_ms: null,
      score: score(task, task.problems[i]!, completion),
      graded: "completion",
    };
  });
}

const golds = syntheticProblems({
  families: ["chain"],
  levels: [1, 2, 3, 4, 5],
  count: 20,
  seed: 3,
  split: "held_out",
});

describe("scoring a bundled benchmark", () => {
  const task = syntheticTask("chain", 3, 4, 2);

  it("asks every problem k times under different keys and seeds", async () => {
    const requests = await Array.fromAsync(requestsOf(task, { model: "a" }, 0));
    assert.equal(requests.length, 40);
    assert.equal(new Set(requests.map(({ key }) => key)).size, 40);
    assert.equal(new Set(requests.map(({ seed }) => seed)).size, 40);
    const other = await Array.fromAsync(requestsOf(task, { model: "b" }, 0));
    assert.ok(requests.every(({ key }, i) => key !== other[i]!.key));
  });

  it("tells a right answer from a right trace", () => {
    const [problem] = golds;
    assert.ok(problem);
    const right = targetText(problem)!;
    assert.equal(checkTrace(problem, right), true);
    assert.deepEqual(pick(score(task, task.problems[0]!, right)), [true, true]);
    assert.deepEqual(pick(score(task, task.problems[0]!, `0+0=0####${problem.answer}`)), [true, false]);
    assert.deepEqual(pick(score(task, task.problems[0]!, "####999")), [false, false]);
    function pick({ verdict, trace_correct }: ReturnType<typeof score>) {
      return [verdict, trace_correct];
    }
  });

  it("accepts a benchmark's own tolerance and only the letters that are there", () => {
    const plain = { ...task, verify: "report" as const };
    delete plain.checkTrace;
    const numeric = { id: "p", text: "", answer: "2.50", level: null };
    assert.equal(score(plain, { ...numeric, tolerance: 0.1 }, "\\boxed{2.58}").verdict, true);
    assert.equal(score(plain, { ...numeric, tolerance: 0.1 }, "\\boxed{2.61}").verdict, false);
    assert.equal(score(plain, numeric, "\\boxed{2.58}").verdict, false);
    const letter = { id: "q", text: "", answer: "B", level: null, choices: 4 };
    assert.equal(score(plain, letter, "So the answer is (B).\nAnswer: B").verdict, true);
    assert.equal(score(plain, letter, "Answer: C").verdict, false);
  });

  it("summarises right, lucky and wrong samples", async () => {
    // First sample of every problem right, second lucky for even problems and wrong for odd ones.
    const samples = await scored(
      task,
      (i, repeat) =>
        repeat === 0 ? targetText(golds[i]!)! : i % 2 === 0 ? `1+1=2####${golds[i]!.answer}` : "####999",
    );
    const result = await summarise(task, "0".repeat(64), samples);
    assert.equal(result.n, 20);
    assert.equal(result.pass_at_1, 0.75);
    assert.equal(result.avg_at_k, 0.75);
    assert.deepEqual(result.pass_at, { 1: 0.75, 2: 1 });
    assert.equal(result.maj_at_k, 0.75); // two answers of one vote each share the tie
    assert.equal(result.trace_accuracy, 0.5);
    assert.ok(result.interval_95[0] < 0.75 && 0.75 < result.interval_95[1]);
    assert.deepEqual(result.per_level.map(({ level, n }) => [level, n]), [1, 2, 3, 4, 5].map((l) => [l, 4]));
    assert.equal(result.generated_tokens, 120);
    assert.equal(result.missing, 0);
  });

  it("leaves missing samples out instead of counting them wrong", async () => {
    const samples = (await scored(task, (i) => targetText(golds[i]!)!)).slice(0, 15);
    const result = await summarise(task, "0".repeat(64), samples);
    assert.equal(result.pass_at_1, 1);
    assert.equal(result.missing, 25);
    assert.deepEqual(result.pass_at, { 1: 1, 2: 1 });
    await assert.rejects(() => summarise(task, "0".repeat(64), []), /none of its samples is finished/);
  });

  it("compares two results problem by problem", async () => {
    const wrongOnOdd = await scored(task, (i) => i % 2 === 0 ? targetText(golds[i]!)! : "####999");
    const allRight = await scored(task, (i) => targetText(golds[i]!)!);
    const resultOf = async (samples: ScoredSample[]): Promise<EvaluationResult> => {
      const benchmarks = [await summarise(task, "1".repeat(64), samples)];
      return {
        format_version: 1,
        model: "m",
        model_sha256: null,
        source: "completions",
        seed: 0,
        problems_seed: 3,
        complete: true,
        benchmarks,
        ...averagesOf(benchmarks),
        rows: [],
        run: { created_at: "", duration_s: 0, engine: null },
      };
    };
    const [a, b] = [await resultOf(wrongOnOdd), await resultOf(allRight)];
    const comparison = compareResults(a, b);
    assert.equal(comparison.pooled.difference, 0.5);
    assert.ok(comparison.pooled.low > 0 && comparison.pooled.p_value < 0.01);
    const [chain] = comparison.benchmarks;
    assert.deepEqual([chain!.won, chain!.lost, chain!.tied], [10, 0, 10]);
    assert.equal(chain!.p_value, 2 / 1024);
    assert.equal(chain!.trace?.difference, 0.5);
    assert.deepEqual(comparison.notes, []);
    const [own] = b.benchmarks;
    b.benchmarks[0] = { ...own!, k: 1, sampling: { ...own!.sampling, temperature: 0.7 } };
    assert.match(
      compareResults(a, b).notes[0]!,
      /^Note: chain differs in more than the model: samples per problem 2 in A and 1 in B; temperature 0 in A and 0.7 in B$/,
    );
    b.benchmarks[0] = { ...own!, verifier: "strict" };
    assert.throws(
      () => compareResults(a, b),
      /Cannot compare chain as A was judged by the grader report and B by strict: /,
    );
    assert.match(compareResults(a, b, true).notes[0]!, /grader "report" in A and "strict" in B/);
    b.benchmarks[0] = { ...own!, task_hash: "2".repeat(64) };
    assert.throws(
      () => compareResults(a, b),
      /share no benchmark .*: chain asked the same problems by other prompts/,
    );
    b.benchmarks[0] = { ...own!, task_hash: "2".repeat(64), preset: "qwen" };
    assert.throws(() => compareResults(a, b), /chain asked by other prompts: plain and qwen/);
    b.benchmarks[0] = { ...own!, name: "gcd", task_hash: "2".repeat(64) };
    assert.throws(() => compareResults(a, b), /chain is only in A; gcd is only in B/);
  });
});
