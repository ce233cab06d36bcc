// What must never be scored wrong in silence: reasoning apart from the content, withheld answers, base models.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  answerTo,
  evaluate,
  evaluationFolder,
  message,
  results,
  rows,
  serve,
} from "../testing/evaluate_command.ts";

const folder = evaluationFolder();

describe("reasoning apart from the content", () => {
  it("is kept, graded where the content is blank and the model stopped, and never where it was cut off", async () => {
    await using server = serve((question) => {
      const i = Number(answerTo(question)) - 1;
      const right = `So it is \\boxed{${i + 1}}.`;
      if (i % 3 === 0) return message({ content: null, reasoning_content: right });
      if (i % 3 === 1) return message({ content: "", reasoning: right }, "length");
      return message({ content: right, reasoning_content: "or \\boxed{0}?" });
    });
    const out = `${folder}/reasoning.json`;
    const { code, stderr, stdout } = await evaluate(
      ...[
        "--endpoint",
        `${server.url}/v1`,
        "--model",
        "m",
        "--benchmarks",
        `${folder}/mine.toml`,
        "--out",
        out,
      ],
    );
    assert.equal(code, 0, stderr);
    const [benchmark] = results(out).benchmarks;
    assert.equal(benchmark.pass_at_1, 8 / 12);
    assert.deepEqual(
      [
        benchmark.no_answer,
        benchmark.empty,
        benchmark.from_reasoning,
        benchmark.truncated,
        benchmark.prompt_tokens,
      ],
      [8, 0, 8, 8, 240],
    );
    assert.match(
      stderr,
      /WARNING: no final answer could be read in 8 of 24 answers to mine \(33.3 %\); 8 were cut off/,
    );
    assert.match(
      stderr,
      /note: 8 of 24 answers to mine had no content; the server's reasoning was graded instead/,
    );
    assert.match(stdout, /no answer +cut off\nmine .* 33.3 % +33.3 %/);
    const [first, second, third] = rows(`${folder}/reasoning.rows.jsonl`).filter((row) => row.sample === 0);
    assert.deepEqual([first.graded, first.completion, first.verdict], ["reasoning", "", true]);
    assert.equal(first.reasoning.slice(...first.span), first.extracted);
    assert.deepEqual([second.graded, second.verdict, second.extracted], ["completion", false, null]);
    assert.deepEqual([third.graded, third.verdict, third.reasoning], ["completion", true, "or \\boxed{0}?"]);
    const again = await evaluate(
      "--completions",
      `${folder}/reasoning.journal.jsonl`,
      "--benchmarks",
      `${folder}/mine.toml`,
      "--json",
    );
    assert.equal(JSON.parse(again.stdout).benchmarks[0].pass_at_1, 8 / 12);
  });

  it("withheld and given-up answers are missing, not wrong", async () => {
    await using server = serve((question) =>
      answerTo(question) === "3"
        ? message({ content: "" }, "content_filter")
        : message({ content: `#### ${answerTo(question)}` })
    );
    const { code, stderr, stdout } = await evaluate(
      ...["--endpoint", `${server.url}/v1`, "--model", "m", "--benchmarks", `${folder}/mine.toml`, "--json"],
    );
    assert.equal(code, 1);
    const [benchmark] = JSON.parse(stdout).benchmarks;
    assert.deepEqual([benchmark.pass_at_1, benchmark.missing], [1, 2]);
    assert.match(
      stderr,
      /Incomplete: 2 of 24 samples are missing; .*\n {2}2: the server withheld the answer/,
    );
  });
});

describe("base models", () => {
  it("see worked examples of ours, and their answer ends before the next question", async () => {
    await using server = serve((prompt) => ({
      choices: [{
        text: ` It is $\\boxed{${answerTo(prompt)}}$.\n\nQ: What is 5+5?\n\nA: \\boxed{10}`,
        finish_reason: "length",
      }],
    }));
    const flags = [
      "--endpoint",
      `${server.url}/v1`,
      "--model",
      "m",
      "--base",
      "--benchmarks",
      "gsm8k",
      "--data",
      folder,
    ];
    const { code, stdout, stderr } = await evaluate(...flags, "--json");
    assert.equal(code, 0, stderr);
    const result = JSON.parse(stdout);
    assert.deepEqual([result.benchmarks[0].pass_at_1, result.benchmarks[0].verifier], [1, "report"]);
    assert.equal(result.benchmarks[0].preset, "ghpo-readme, base prompt, 4-shot");
    const { path, body } = server.asked[0]!;
    assert.equal(path, "/v1/completions");
    assert.equal(String(body.prompt).match(/^Q: /gm)?.length, 5);
    assert.match(
      String(body.prompt),
      /\n\nA: [^]*The answer is \$\\boxed\{22\}\$\.\n\nQ: [^]*\n\nQ: What is 0\+1\?\n\nA:$/,
    );
    assert.deepEqual(body.stop, ["\nQuestion:", "\nQ:", "\nProblem:"]);
    const zero = await evaluate(...flags, "--few-shot", "0", "--dry-run");
    assert.match(zero.stdout, /"text": "Q: What is 0\+1\?\\n\\nA:"/);
  });
});
