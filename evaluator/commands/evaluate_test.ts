// What must never be scored wrong in silence: reasoning, base models, ruined weights, defaults that do not fit, and
// what the command says while it runs and at its end.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ruinWeights } from "../testing/nan_checkpoint.ts";
import { makeTinyCheckpoint } from "../testing/tiny_checkpoint.ts";
import type { RunProgress } from "../run/run.ts";
import { showProgress } from "./outcome.ts";
import { readEvaluateOptions } from "./options.ts";

const main = fileURLToPath(import.meta.resolve("../main.ts"));
const folder = Deno.makeTempDirSync();
const VARIABLES = "GHPO_DAWN,NO_COLOR,FORCE_COLOR,CLICOLOR_FORCE,OPENAI_API_KEY";
let checkpoint: string;
before(async () => {
  checkpoint = await makeTinyCheckpoint(1);
  const questions = Array.from(
    { length: 12 },
    (_, i) => ({ id: `p${i}`, question: `What is ${i}+1?`, answer: `${i + 1}` }),
  );
  Deno.writeTextFileSync(`${folder}/mine.jsonl`, questions.map((row) => JSON.stringify(row) + "\n").join(""));
  Deno.writeTextFileSync(`${folder}/mine.toml`, 'name = "mine"\nfiles = ["mine.jsonl"]\nsamples = 2\n');
  const gsm = questions.map(({ question, answer }) =>
    JSON.stringify({ question, answer: `#### ${answer}` }) + "\n"
  );
  Deno.writeTextFileSync(`${folder}/gsm8k-test.jsonl`, gsm.join(""));
});
after(() => {
  for (const path of [folder, checkpoint]) Deno.removeSync(path, { recursive: true });
});

async function evaluate(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const flags = [
    "run",
    "--no-prompt",
    "--no-check",
    "--allow-read",
    "--allow-write",
    "--allow-net",
    `--allow-env=${VARIABLES}`,
  ];
  const command = new Deno.Command(Deno.execPath(), {
    args: [...flags, main, ...args],
    env: { OPENAI_API_KEY: "sk-1" },
  });
  const { code, stdout, stderr } = await command.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

interface Asked {
  path: string;
  headers: Headers;
  body: Record<string, unknown>;
}

/** A server that answers as `respond` says and keeps what it was asked. */
function serve(respond: (question: string, asked: Asked) => unknown) {
  const asked: Asked[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const each = { path: pathname + search, headers: request.headers, body: await request.json() };
    asked.push(each);
    const messages = each.body.messages as { content: string }[] | undefined;
    return Response.json(respond(messages?.at(-1)?.content ?? String(each.body.prompt), each));
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  return { url, asked, [Symbol.asyncDispose]: () => server.shutdown() };
}

const answerTo = (question: string): string =>
  String(Number(/What is (\d+)\+1\?\D*$/.exec(question)?.[1]) + 1);
const message = (message: object, reason = "stop") => ({
  choices: [{ index: 0, message, finish_reason: reason }],
  usage: { prompt_tokens: 10, completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 2 } },
});
const results = (path: string) => JSON.parse(Deno.readTextFileSync(path));
const rows = (path: string) => Deno.readTextFileSync(path).trim().split("\n").map((line) => JSON.parse(line));

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

describe("prompts that the tokenizer cannot read whole", () => {
  const model = fileURLToPath(import.meta.resolve("../../trainer/recipes/tiny-base"));
  const questions = ["Compute 3+4", "Où 3+4", "Compute 5+6", "5×6"];

  it("are counted per benchmark, said aloud, and still counted when the journal is scored again", async () => {
    const rows = questions.map((question, i) => JSON.stringify({ id: `${i}`, question, answer: "7" }));
    Deno.writeTextFileSync(`${folder}/words.jsonl`, rows.join("\n"));
    Deno.writeTextFileSync(
      `${folder}/words.toml`,
      'name = "words"\nfiles = ["words.jsonl"]\nmax_tokens = 8\n',
    );
    const out = `${folder}/words.json`;
    const asked = ["--benchmarks", `${folder}/words.toml`];
    const first = await evaluate("--model", model, ...asked, "--out", out);
    assert.equal(first.code, 0, first.stderr);
    const warning =
      /^WARNING: the tokenizer does not know all characters of 2 of 4 words prompts, as in "Où": the model was asked another text there/m;
    assert.match(first.stderr, warning);
    const again = await evaluate("--completions", `${folder}/words.journal.jsonl`, ...asked, "--json");
    assert.match(again.stderr, warning);
    const scores = [results(out), JSON.parse(again.stdout)].map(({ benchmarks: [words] }) => words);
    for (const { unknown_prompts, unknown_word } of scores) {
      assert.deepEqual([unknown_prompts, unknown_word], [2, "Où"]);
    }
  });

  it("are refused by generate", async () => {
    const { code, stderr } = await evaluate("generate", "--model", model, "--prompt", "Où");
    assert.equal(code, 1);
    assert.match(stderr, /^error: Cannot continue the prompt as the tokenizer does not know "Où" in it/m);
  });
});

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

  it("are refused for a checkpoint by name, as are wrong ones", async () => {
    const cases: [string[], RegExp][] = [
      [["--model", "x", "--extra-body", "{}"], /Cannot use --extra-body as it is for servers/],
      [
        ["--model", "m", "--endpoint", "http://x/v1", "--extra-body", "[1]"],
        /--extra-body must be a JSON object/,
      ],
      [["--model", "m", "--endpoint", "http://x/v1", "--omit", "sed"], /the nearest is "seed"/],
      [
        ["--model", "m", "--endpoint", "http://x/v1", "--header", "nonsense"],
        /--header must look like 'X-Team: maths'/,
      ],
      [
        ["--model", "m", "--endpoint", "http://x/v1", "--ids", "nope"],
        /Cannot evaluate nope as no benchmark has a problem/,
      ],
      [
        ["--model", "m", "--endpoint", "http://x/v1", "--max-tokens", "5", "--max-completion-tokens", "5"],
        /exclude each other/,
      ],
    ];
    for (const [args, says] of cases) assert.match((await evaluate(...args)).stderr, says);
  });

  it("are not set by flags that nothing would read", () => {
    const [model, endpoint, completions] = ["m", "http://127.0.0.1:1/v1", "x.jsonl"];
    const unread: [Record<string, unknown>, RegExp][] = [
      [
        { model, concurrency: "4" },
        /^Cannot use --concurrency as it is for servers: pass --endpoint, or leave it out$/,
      ],
      [{ model, stream: true }, /--stream/],
      [{ completions, timeout: "5" }, /--timeout/],
      [{ completions, journal: "j" }, /--journal as --completions are scored as they are: leave it out/],
      [{ completions, nats: "nats://h" }, /--nats as workers sample checkpoints/],
      [{ model, endpoint, nats: "nats://h" }, /--nats as workers sample checkpoints/],
      [{ model, natsPatience: "9" }, /--nats-patience as it is for workers/],
      [{ model, batchOut: "b", out: "o" }, /--out as --batch-out writes nothing else/],
      [{ model, batchOut: "b", attempts: "2" }, /--attempts/],
    ];
    for (const [flags, message] of unread) {
      assert.throws(() => readEvaluateOptions(flags), (error: Error) => message.test(error.message));
    }
    const read = [
      { model, endpoint, concurrency: "4", stream: true, journal: "j", omit: "seed" },
      { completions, model, omit: "seed", out: "o" },
      { model, nats: "nats://h", natsPatience: "9", journal: "j" },
      { model, batchOut: "b", omit: "seed" },
    ];
    for (const flags of read) readEvaluateOptions(flags);
  });
});

describe("checkpoints", () => {
  it("are asked by a default protocol that fits them, and another that does not is refused before they are loaded", async () => {
    const flags = ["--model", checkpoint, "--benchmarks", "gsm8k", "--data", folder, "--limit", "1"];
    assert.match(
      (await evaluate(...flags, "--dry-run")).stdout,
      /"temperature":0,"top_p":1,"max_tokens":4096/,
    );
    const refused = await evaluate(...flags, "--preset", "ghpo-readme");
    assert.match(
      refused.stderr,
      /top_p must be 1: current value is 0.95; pass --top-p 1, or --preset ghpo-paper\n$/,
    );
    const endpoint = await evaluate(...flags, "--endpoint", "http://x/v1", "--dry-run");
    assert.match(endpoint.stdout, /"temperature":0.01,"top_p":0.95/);
  });

  it("with NaN among their weights, or weights that overflow, are an error, not a score of 0", async () => {
    const ruined = `${folder}/ruined`;
    Deno.mkdirSync(ruined);
    for (const { name } of Deno.readDirSync(checkpoint)) {
      Deno.copyFileSync(`${checkpoint}/${name}`, `${ruined}/${name}`);
    }
    const cases: [number, RegExp][] = [
      [NaN, /Cannot load tensor .* as its numbers must be finite: current number is NaN/],
      [3e38, /its log-probabilities must be finite: current value is NaN; its weights hold NaN or overflow/],
    ];
    for (const [value, says] of cases) {
      ruinWeights(`${ruined}/model.safetensors`, value);
      const { code, stdout, stderr } = await evaluate(
        "--model",
        ruined,
        "--benchmarks",
        "chain",
        "--per-level",
        "1",
      );
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, says);
    }
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

describe("progress", () => {
  const progress = (done: number): RunProgress => ({
    ...{
      done,
      failed: 0,
      total: 100,
      answered: done,
      tokens: done * 10,
      promptTokens: 0,
      reasons: new Map(),
      stopped: null,
    },
  });

  it("is a line now and then where stderr is no terminal, with the time left", () => {
    let now = 0;
    let said = "";
    const show = showProgress({ isTerminal: false, write: (text) => said += text }, () => now);
    for (let done = 0; done <= 100; done++, now += 1000) show(progress(done));
    assert.deepEqual(said.trim().split("\n"), [
      "30/100 samples, 10 tokens/s, 1 min 10 s left",
      "60/100 samples, 10 tokens/s, 40 s left",
      "90/100 samples, 10 tokens/s, 10 s left",
      "100/100 samples, 10 tokens/s, 0 s left",
    ]);
  });

  it("says nothing of a run that is over before it is due, and rewrites its line on a terminal", () => {
    let said = "";
    showProgress({ isTerminal: false, write: (text) => said += text }, () => 0)(progress(100));
    assert.equal(said, "");
    showProgress({ isTerminal: true, write: (text) => said += text }, () => 0)(progress(100));
    assert.ok(said.startsWith("\r100/100 samples") && said.endsWith("\x1b[K\n"), said);
  });
});
