// The commands as a user runs them: a checkpoint, the same engine behind a real HTTP server, and a file of
// completions must give the same answers and scores.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "#shared/schemas/parse.ts";
import { EvaluationResultSchema, EvaluationRowSchema } from "#shared/schemas/evaluation.ts";
import { type OpenedModel, openLocalModel } from "./sources/local_model.ts";
import { startEndpoint } from "./testing/endpoint.ts";
import { makeTinyCheckpoint } from "./testing/tiny_checkpoint.ts";

const main = fileURLToPath(import.meta.resolve("./main.ts"));
const folder = Deno.makeTempDirSync();
let checkpoint: string;
before(async () => {
  checkpoint = await makeTinyCheckpoint(1);
});
after(() => {
  Deno.removeSync(folder, { recursive: true });
  Deno.removeSync(checkpoint, { recursive: true });
});

function start(...args: string[]): Deno.ChildProcess {
  const permissions = [
    ...["--no-prompt", "--no-check", "--allow-read", "--allow-write", "--allow-net"],
    "--allow-env=GHPO_DAWN,NO_COLOR,FORCE_COLOR,CLICOLOR_FORCE,OPENAI_API_KEY",
  ];
  const all = ["run", ...permissions, main, ...args];
  return new Deno.Command(Deno.execPath(), { args: all, stdout: "piped", stderr: "piped" }).spawn();
}

async function evaluate(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await start(...args).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** An OpenAI-compatible server over the shared engine: requests are answered one after another. */
function serveModel(model: OpenedModel): Deno.HttpServer<Deno.NetAddr> {
  let turn: Promise<unknown> = Promise.resolve();
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { messages, max_tokens, temperature, seed } = await request.json();
    const prompt_ids = model.encode({ messages });
    const answer = turn.then(() =>
      model.generate([{ prompt_ids, samples: 1, key: [0, 0] }], { max_tokens, temperature, seed, stop: [] })
    );
    turn = answer.catch(() => {});
    const [[generated] = []] = await answer;
    return Response.json({
      choices: [{
        message: { content: model.decode(generated!.ids) },
        finish_reason: generated!.finish_reason,
      }],
      usage: { completion_tokens: generated!.ids.length },
    });
  });
}

describe("evaluate", () => {
  const common = [
    "--benchmarks",
    "chain,gcd",
    "--problems-seed",
    "9",
    "--per-level",
    "2",
    "--max-tokens",
    "24",
  ];

  it("scores a checkpoint, and the same engine behind HTTP gives the same answers", async () => {
    const local = await evaluate("--model", checkpoint, ...common, "--out", `${folder}/local.json`, "--json");
    assert.equal(local.code, 0, local.stderr);
    const result = parse(EvaluationResultSchema, JSON.parse(local.stdout), "stdout");
    assert.deepEqual([result.source, result.complete, result.problems_seed], ["checkpoint", true, 9]);
    assert.deepEqual(result.benchmarks.map(({ name, n }) => [name, n]), [["chain", 10], ["gcd", 10]]);

    const model = await openLocalModel(checkpoint);
    const server = serveModel(model);
    const endpoint = `http://127.0.0.1:${server.addr.port}/v1`;
    const remote = await evaluate(
      "--endpoint",
      endpoint,
      "--model",
      "tiny",
      ...common,
      "--out",
      `${folder}/remote.json`,
    );
    await server.shutdown();
    model.close();
    assert.equal(remote.code, 0, remote.stderr);
    assert.match(remote.stdout, /^benchmark +n +pass@1 \[95 %\]/);
    const rows = Deno.readTextFileSync(`${folder}/local.rows.jsonl`);
    assert.equal(rows, Deno.readTextFileSync(`${folder}/remote.rows.jsonl`));
    for (const line of rows.trim().split("\n")) parse(EvaluationRowSchema, JSON.parse(line), "a row");
  });

  it("rescores a journal to the same bytes and under another grader", async () => {
    const journal = `${folder}/local.journal.jsonl`;
    const again = await evaluate("--completions", journal, ...common, "--out", `${folder}/again.json`);
    assert.equal(again.code, 0, again.stderr);
    const rows = Deno.readTextFileSync(`${folder}/again.rows.jsonl`);
    assert.equal(rows, Deno.readTextFileSync(`${folder}/local.rows.jsonl`));
    const strict = await evaluate("--completions", journal, ...common, "--verifier", "strict", "--json");
    assert.deepEqual(JSON.parse(strict.stdout).benchmarks.map((b: { verifier: string }) => b.verifier), [
      "strict",
      "strict",
    ]);
    const comparison = await evaluate("compare", `${folder}/local.json`, `${folder}/again.json`, "--json");
    assert.equal(JSON.parse(comparison.stdout).pooled.difference, 0);
  });

  it("says in one sentence what does not fit, with a non-zero exit", async () => {
    const cases: [string[], RegExp][] = [
      [
        ["--benchmarks", "chian", "--model", checkpoint],
        /^error: Cannot evaluate chian .* nearest known one is chain\n$/,
      ],
      [["--model", "/nowhere"], /^error: Cannot read \/nowhere.*as it does not exist\n$/],
      [[], /^error: Cannot evaluate as no model is given: pass --model/],
      [["--model", "x", "--samples", "0"], / --samples must be >= 1: current value is 0\n$/],
      [["--model", "x", "--problems-seed", "1.5"], / --problems-seed must be .*: current value is 1.5\n$/],
      [["--modell", "x"], /^error: unknown option '--modell'\n\(Did you mean --model\?\)/],
      [["--completions", `${folder}/none.jsonl`], /^error: Cannot read .*none.jsonl as it does not exist\n$/],
      [["compare", main, main], /^error: Cannot read .*main.ts as it is not valid JSON/],
      [["--model", main], /^error: Cannot read .*main.ts as it is a file: a model is a folder/],
      [["--model", checkpoint, "--out", folder], /^error: Cannot write .* as it is a directory\n$/],
      [
        ["--model", checkpoint, "--out", `${main}/x.json`],
        /^error: Cannot write .*main.ts as it is a file alr/,
      ],
      [
        ["--endpoint", "http://127.0.0.1:9/v1", "--model", "m", "--journal", folder],
        /^error: Cannot write .* as it is a directory\n$/,
      ],
      [["download", "gsm8k", "--data", main], /^error: Cannot write .*main.ts as it is a file already\n$/],
      [
        ["worker", "--nats", "nats://127.0.0.1:9", "--rows", "x"],
        /^error: Cannot read the flags as --rows must be a number: current value is "x"\n$/,
      ],
    ];
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = await evaluate(...args);
      assert.deepEqual([code, stdout], [1, ""], stderr);
      assert.match(stderr, message);
    }
  });

  it("is incomplete, not wrong, when completions are missing", async () => {
    const lines = Deno.readTextFileSync(`${folder}/local.journal.jsonl`).trim().split("\n");
    Deno.writeTextFileSync(`${folder}/half.jsonl`, lines.slice(0, 15).join("\n"));
    const half = await evaluate("--completions", `${folder}/half.jsonl`, ...common, "--json");
    assert.equal(half.code, 1);
    assert.match(
      half.stderr,
      /^Incomplete: 6 of 20 samples are missing.*\n {2}6: the completions file has no such sample$/m,
    );
    assert.match(half.stderr, /^Incomplete: 6 of 20 samples are missing/m);
    const result = JSON.parse(half.stdout);
    assert.equal(result.complete, false);
    assert.deepEqual(result.benchmarks.map((b: { missing: number }) => b.missing), [0, 6]);
    assert.equal(
      (await evaluate("--completions", `${folder}/half.jsonl`, ...common, "--allow-partial")).code,
      0,
    );
  });

  it("stops at Ctrl-C and goes on where it ended", async () => {
    await using server = startEndpoint(() => "#### 1", 60);
    const args = ["--endpoint", server.url, "--model", "m", ...common, "--concurrency", "1"];
    const child = start(...args, "--out", `${folder}/stopped.json`);
    const ended = child.output();
    while (server.requests < 5) {
      const early = await Promise.race([ended, new Promise<null>((r) => setTimeout(() => r(null), 10))]);
      if (early) {
        assert.fail(`It ended after ${server.requests} requests: ${new TextDecoder().decode(early.stderr)}`);
      }
    }
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    assert.equal(code, 130);
    assert.match(
      new TextDecoder().decode(stderr),
      /^Stopped: \d+ of 20 samples are missing; the same command continues/m,
    );
    assert.equal(JSON.parse(Deno.readTextFileSync(`${folder}/stopped.json`)).complete, false);
    const again = await evaluate(...args, "--out", `${folder}/stopped.json`, "--json");
    assert.deepEqual([again.code, JSON.parse(again.stdout).complete], [0, true]);
    assert.ok(server.requests <= 21, `${server.requests} requests for 20 samples`);
  });

  it("warns when a server answers alike whatever the seed", async () => {
    await using server = startEndpoint(() => "#### 1");
    const args = ["--endpoint", server.url, "--model", "m", ...common, "--samples", "3"];
    const { code, stderr } = await evaluate(...args);
    assert.equal(code, 0);
    assert.match(
      stderr,
      /all samples of 10 of 10 chain problems are alike at temperature 1: the server seems to ignore seed or temp/,
    );
  });

  it("fails below a bound", async () => {
    const { code, stderr } = await evaluate("--model", checkpoint, ...common, "--min", "chain=0.99");
    assert.equal(code, 1);
    assert.match(stderr, /^chain is below the minimum of 99.0 %: current value is \d/m);
  });
});
