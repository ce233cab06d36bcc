// Requests as servers want them, batches of them, and other harnesses' files of completions.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { answerTo, evaluate, evaluationFolder, message, rows, serve } from "../testing/evaluate_command.ts";

const folder = evaluationFolder();

describe("requests as servers want them", () => {
  const ask = async (...args: string[]) => {
    await using server = serve((question) => message({ content: `#### ${answerTo(question)}` }));
    const flags = args.map((arg) => arg.replace("URL", server.url));
    const { code, stderr, stdout } = await evaluate(
      "--model",
      "m",
      "--benchmarks",
      `${folder}/mine.toml`,
      ...flags,
    );
    assert.equal(code, 0, stderr);
    return { ...server.asked[0]!, stdout, count: server.asked.length };
  };

  it("leave keys out, add others, name the limit otherwise, and carry headers", async () => {
    const { body, headers } = await ask(
      ...[
        "--endpoint",
        "URL/v1",
        "--omit",
        "seed,top_p",
        "--extra-body",
        '{"min_p":0.05}',
        "--reasoning-effort",
        "low",
      ],
      ...[
        "--enable-thinking",
        "false",
        "--max-completion-tokens",
        "77",
        "--header",
        "X-Team: maths",
        "--stop",
        "END",
      ],
    );
    assert.deepEqual(Object.keys(body).sort(), [
      ...[
        "chat_template_kwargs",
        "max_completion_tokens",
        "messages",
        "min_p",
        "model",
        "reasoning_effort",
        "stop",
      ],
      ...["stream", "temperature"],
    ]);
    assert.deepEqual([body.chat_template_kwargs, body.max_completion_tokens, body.stop], [
      { enable_thinking: false },
      77,
      ["END"],
    ]);
    assert.deepEqual([headers.get("x-team"), headers.get("authorization")], ["maths", "Bearer sk-1"]);
  });

  it("go to Azure's address with its key", async () => {
    const { path, headers } = await ask("--endpoint", "URL", "--azure-api-version", "2024-10-21");
    assert.equal(path, "/openai/deployments/m/chat/completions?api-version=2024-10-21");
    assert.deepEqual([headers.get("api-key"), headers.get("authorization")], ["sk-1", null]);
  });

  it("may be few, chosen by id or at random, and priced", async () => {
    const { count, stdout } = await ask("--endpoint", "URL/v1", "--ids", "p3,p5", "--json", "--price", "1/2");
    assert.equal(count, 4);
    const result = JSON.parse(stdout);
    assert.deepEqual(result.rows.map((row: { problem_id: string }) => row.problem_id), [
      "p3",
      "p3",
      "p5",
      "p5",
    ]);
    assert.equal(result.run.cost, (40 * 1 + 20 * 2) / 1e6);
    assert.ok(result.run.tokens_per_second > 0);
    const order = async (seed: string) => {
      const { stdout } = await ask(
        "--endpoint",
        "URL/v1",
        "--shuffle",
        seed,
        "--limit",
        "4",
        "--samples",
        "1",
        "--json",
      );
      return JSON.parse(stdout).rows.map((row: { problem_id: string }) => row.problem_id).join();
    };
    assert.equal(await order("1"), await order("1"));
    assert.notEqual(await order("1"), await order("2"));
  });

  it("travel as a batch and come back", async () => {
    const flags = ["--model", "m", "--benchmarks", `${folder}/mine.toml`, "--omit", "seed"];
    const written = await evaluate(...flags, "--batch-out", `${folder}/batch.jsonl`);
    assert.equal(written.code, 0, written.stderr);
    const lines = rows(`${folder}/batch.jsonl`);
    assert.deepEqual([lines.length, lines[0].method, lines[0].url, lines[0].body.seed], [
      24,
      "POST",
      "/v1/chat/completions",
      undefined,
    ]);
    const answered = lines.map(({ custom_id, body }, i) =>
      i === 5 ? { custom_id, response: null, error: { message: "expired" } } : {
        custom_id,
        error: null,
        response: {
          status_code: 200,
          body: message({ content: `#### ${answerTo(body.messages[0].content)}` }),
        },
      }
    );
    Deno.writeTextFileSync(
      `${folder}/answers.jsonl`,
      answered.reverse().map((line) => JSON.stringify(line) + "\n").join(""),
    );
    const { code, stdout, stderr } = await evaluate(
      ...flags,
      "--completions",
      `${folder}/answers.jsonl`,
      "--json",
    );
    assert.equal(code, 1);
    assert.match(stderr, /1 of 24 samples are missing.*\n {2}1: the batch answers: .*expired/);
    assert.equal(JSON.parse(stdout).benchmarks[0].pass_at_1, 1);
  });

  it("lm-evaluation-harness's sample files are completions, found by their questions", async () => {
    const samples = Array.from({ length: 12 }, (_, i) => ({
      doc_id: i,
      doc: { question: `What is ${i}+1?`, answer: "..." },
      resps: [[`#### ${i + 1}`, "#### 0"]],
    }));
    const path = `${folder}/samples.jsonl`;
    Deno.writeTextFileSync(path, samples.map((line) => JSON.stringify(line) + "\n").join(""));
    const flags = ["--completions", path, "--benchmarks", `${folder}/mine.toml`, "--json"];
    assert.equal(JSON.parse((await evaluate(...flags)).stdout).benchmarks[0].pass_at_1, 0.5);
    Deno.writeTextFileSync(
      path,
      JSON.stringify({ doc_id: 3, doc: { question: "Another?" }, resps: [["x"]] }) + "\n",
    );
    assert.match(
      (await evaluate(...flags)).stderr,
      /line 1 of .* as its doc \(doc_id 3\) is none of the benchmarks' questions/,
    );
  });
});
