// `evaluate()` as a program uses it: an endpoint, a function, completions; own problems, own graders, stopping, going on.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { compare, evaluate, type SampleRecord, table } from "@ghpo/evaluator";
import { startEndpoint } from "../testing/endpoint.ts";

const sums = Array.from({ length: 6 }, (_, i) => ({
  id: `p${i}`,
  question: `What is ${i}+1?`,
  answer: String(i + 1),
  level: i < 3 ? "low" : "high",
}));

describe("evaluate()", () => {
  it("scores an endpoint on problems of one's own, and tells of progress, samples and rows", async () => {
    await using server = startEndpoint(
      (prompt) => `#### ${Number(/(\d)\+1/.exec(prompt)![1]) < 2 ? 0 : 9}`,
      0,
    );
    const problems = sums.map((sum, i) => ({ ...sum, answer: i < 2 ? "0" : "1" }));
    const samples: SampleRecord[] = [];
    const seen: number[] = [];
    const result = await evaluate(
      { endpoint: `${server.url}/`, model: "m" },
      [{ name: "sums", problems, samples: 2 }],
      { onSample: (sample) => void samples.push(sample), onProgress: ({ done }) => void seen.push(done) },
    );
    const [sum] = result.benchmarks;
    assert.equal(sum?.pass_at_1, 1 / 3);
    assert.deepEqual(sum?.per_level.map(({ level, pass_at_1 }) => [level, pass_at_1]), [["high", 0], [
      "low",
      2 / 3,
    ]]);
    assert.deepEqual([result.complete, result.source, samples.length, seen.at(-1)], [true, "openai", 12, 12]);
    assert.deepEqual(
      result.rows.map(({ verdict }) => verdict),
      [1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0].map(Boolean),
    );
    assert.match(table(result), /^sums +6 +33\.3 /m);
  });

  it("judges by a grader of one's own, which sees the problem as it was given and may take its time", async () => {
    const problems = [{ id: "a", question: "Say a word of 3 letters", letters: 3 }, {
      ...{ id: "b", question: "Say a word of 5 letters", letters: 5 },
    }];
    const result = await evaluate(
      { answer: ({ sample }) => ["cat", "house", "dog", " "][sample]!, model: "words" },
      [{
        name: "words",
        problems,
        samples: 4,
        prompt: ({ letters }) => ({ text: `${letters}:` }),
        grader: async function letters({ letters }, completion) {
          await Promise.resolve();
          return {
            correct: completion.length === letters,
            answer: completion.trim() || null,
            reason: "counted",
          };
        },
      }],
      { onRow: () => {} },
    );
    const [words] = result.benchmarks;
    assert.deepEqual(words?.problems.map(({ correct }) => correct), [2, 1]);
    assert.deepEqual([words?.verifier, words?.no_answer, words?.empty], ["letters", 2, 2]);
    assert.equal(words?.maj_at_k, 1 / 2 * (1 + 1 / 3)); // right answers of a are one vote, those of b one of three
    assert.deepEqual(result.rows, []);
  });

  it("goes on from known samples and asks for nothing twice", async () => {
    const asked: string[] = [];
    const stop = new AbortController();
    const answer = ({ problemId, sample }: { problemId: string; sample: number }) => {
      asked.push(`${problemId}/${sample}`);
      if (asked.length === 5) stop.abort(new Error("enough"));
      return "#### 1";
    };
    const benchmark = { name: "sums", problems: sums, samples: 2 };
    const known: SampleRecord[] = [];
    const first = await evaluate({ answer, concurrency: 1 }, [benchmark], {
      ...{ signal: stop.signal, onSample: (sample: SampleRecord) => void known.push(sample) },
    });
    assert.equal(first.complete, false);
    assert.ok(known.length >= 4 && known.length <= 5);
    const rest = await evaluate({ answer }, [benchmark], { known });
    const whole = await evaluate({ answer }, [benchmark]);
    assert.equal(asked.length, 5 + (12 - known.length) + 12);
    assert.deepEqual({ ...rest, run: null }, { ...whole, run: null });
    assert.equal(compare(rest, whole).pooled.difference, 0);
    await assert.rejects(
      evaluate({ answer }, [benchmark], { signal: AbortSignal.abort(new Error("at once")) }),
      /at once/,
    );
  });

  it("counts what failed as missing and never as wrong", async () => {
    const result = await evaluate(
      {
        answer: ({ problemId }) => {
          if (problemId === "p0") throw new Error("no memory");
          return `\\boxed{${Number(problemId[1]) + 1}}`; // no right answer to any chain
        },
      },
      [{ name: "sums", problems: sums }, "chain"],
      { perLevel: 1, sampling: { max_tokens: 8 } },
    );
    const [own, chain] = result.benchmarks;
    assert.deepEqual([own?.pass_at_1, own?.missing, result.complete], [1, 1, false]);
    assert.deepEqual(result.failures, { "no memory": 1 });
    assert.equal(chain?.sampling.max_tokens, 8);
  });

  it("scores completions that are already there", async () => {
    const completions = sums.flatMap(({ id, answer }) => [
      { problem_id: id, completion: `\\boxed{${answer}}` },
      { problem_id: id, completion: "\\boxed{0}" },
    ]);
    const problems = [{ name: "sums", problems: sums, samples: 2 }];
    assert.equal((await evaluate({ completions }, problems)).benchmarks[0]?.pass_at_1, 0.5);
    const part = await evaluate({ completions: completions.slice(0, 3) }, problems);
    assert.deepEqual([part.complete, part.benchmarks[0]?.missing], [false, 9]);
    const twice = [...problems, { name: "again", problems: sums, samples: 2 }];
    await assert.rejects(evaluate({ completions }, twice), /several benchmarks have it: name its benchmark/);
    await assert.rejects(
      evaluate({ completions: [{ problem_id: "x", completion: "" }] }, problems),
      /problem x as no benchmark has it/,
    );
  });

  it("refuses what does not fit before the first request", async () => {
    const source = { answer: () => assert.fail("was asked") };
    const one = { id: "a", question: "?", answer: "1" };
    for (
      const [benchmarks, said] of [
        [[], /there is no benchmark/],
        [["chains"], /no family of generated problems: the nearest is chain/],
        [[{ name: "m", problems: [] }], /m as it has no problem/],
        [[{ name: "m", problems: [one, one] }], /two problems have the id a/],
        [
          [{ name: "m", problems: [{ ...one, answer: 1 }] }],
          /problem a has no answer, a text: current value is 1/,
        ],
        [[{ name: "m", problems: [one], samples: 0 }], /samples must be a whole number from 1/],
        [[{ name: "m", problems: [one], grader: "reprt" }], /the nearest is report/],
        [[{ name: "m", problems: [one], sampling: { temperatur: 1 } }], /sampling .*temperatur/],
        [[{ name: "m", problems: [{ ...one, choices: 1 }] }], /must have 2 to 26 choices/],
        [["chain", "chain"], /two benchmarks have the name chain/],
        [
          [{ name: "m", problems: [one], graders: "report" }],
          /m has no setting graders: the nearest is grader$/,
        ],
      ] as [never[], RegExp][]
    ) await assert.rejects(evaluate(source, benchmarks), said);
    await assert.rejects(
      evaluate(source, ["chain"], { perlevel: 2 } as never),
      /the call has no setting perlevel: the nearest is perLevel$/,
    );
    await assert.rejects(
      evaluate({ ...source, concurency: 2 } as never, ["chain"]),
      /the source has no setting concurency: the nearest is concurrency$/,
    );
    await assert.rejects(
      evaluate({ endpoint: "localhost", model: "m" }, ["chain"]),
      /endpoint must be an address/,
    );
  });
});
