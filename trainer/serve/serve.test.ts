// The server on the tiny model, as clients and the evaluator see it.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type OpenModel, openModel } from "../library/open_model.ts";
import { createServer } from "./app.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MODEL = join(ROOT, "trainer/recipes/tiny-base");
const QUESTION = "Compute 2+3+4";

describe("serve", () => {
  let model: OpenModel;
  let handler: ReturnType<typeof createServer>;
  before(async () => {
    model = await openModel(MODEL);
    handler = createServer({ model, name: "tiny", token: null });
  });
  after(() => model.close());

  const post = (path: string, body: unknown, init: RequestInit = {}) =>
    handler(
      new Request(`http://127.0.0.1${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        ...init,
      }),
    );
  const chat = (rest: object = {}) =>
    post("/v1/chat/completions", {
      model: "tiny",
      messages: [{ role: "user", content: QUESTION }],
      temperature: 0,
      max_tokens: 24,
      ...rest,
    });
  // deno-lint-ignore no-explicit-any
  const json = async (response: Response | Promise<Response>): Promise<any> => await (await response).json();
  const direct = async (samples = 1, sampling = { max_tokens: 24, temperature: 0, seed: 0 }) =>
    (await model.answer([[{ role: "user", content: QUESTION }]], samples, sampling))[0]!;

  it("lists the model and answers a chat as the model does, with log-probs and usage", async () => {
    const list = await json(handler(new Request("http://127.0.0.1/v1/models")));
    assert.deepEqual(list.data.map(({ id }: { id: string }) => id), ["tiny"]);
    const [expected] = await direct();
    const answer = await json(chat({ logprobs: true }));
    const [choice] = answer.choices;
    assert.equal(answer.object, "chat.completion");
    assert.deepEqual([choice.message.content, choice.finish_reason], [
      expected!.text,
      expected!.finish_reason,
    ]);
    const { content } = choice.logprobs;
    assert.deepEqual(content.map(({ logprob }: { logprob: number }) => logprob), expected!.logprobs);
    assert.equal(content.map(({ token }: { token: string }) => token).join(""), expected!.text);
    assert.equal(answer.usage.completion_tokens, expected!.ids.length);
    assert.equal(answer.usage.prompt_tokens, model.encode([{ role: "user", content: QUESTION }]).length);
  });

  it("gives n samples, the same for the same seed, whatever is asked at the same time", async () => {
    const wanted = { n: 4, temperature: 1, seed: 7, max_tokens: 12 };
    const [one, two, other] = await Promise.all([
      json(chat(wanted)),
      json(chat(wanted)),
      json(chat({ ...wanted, seed: 8 })),
    ]);
    // deno-lint-ignore no-explicit-any
    const texts = (answer: any): string[] => answer.choices.map((c: any) => c.message.content);
    assert.equal(texts(one).length, 4);
    assert.deepEqual(texts(one), texts(two));
    assert.notDeepEqual(texts(one), texts(other));
    const expected = await direct(4, { max_tokens: 12, temperature: 1, seed: 7 });
    assert.deepEqual(texts(one), expected.map(({ text }) => text));
  });

  it("continues a plain text", async () => {
    const answer = await json(post("/v1/completions", {
      prompt: `${QUESTION}\nAnswer: `,
      temperature: 0,
      max_tokens: 24,
      logprobs: 1,
    }));
    const [choice] = answer.choices;
    assert.equal(answer.object, "text_completion");
    assert.equal(choice.text, (await direct())[0]!.text); // what the template makes of the chat
    assert.equal(choice.logprobs.tokens.join(""), choice.text);
    assert.deepEqual(choice.logprobs.text_offset.slice(0, 3), [0, 1, 2]);
  });

  it("ends at a stop string, which is not part of the answer", async () => {
    const { text } = (await direct())[0]!;
    const stop = text.slice(3, 5);
    const answer = await json(chat({ stop: ["never", stop], logprobs: true }));
    const [choice] = answer.choices;
    assert.deepEqual([choice.message.content, choice.finish_reason], [
      text.slice(0, text.indexOf(stop)),
      "stop",
    ]);
    const tokens = choice.logprobs.content.map(({ token }: { token: string }) => token).join("");
    assert.equal(tokens, choice.message.content);
  });

  it("streams what it would answer whole, a stop string left out", async () => {
    for (const stop of [[], ["##"]]) {
      const whole = await json(chat({ stop, n: 2 }));
      const response = await chat({ stop, n: 2, stream: true, stream_options: { include_usage: true } });
      assert.equal(response.headers.get("content-type"), "text/event-stream");
      const events = (await response.text()).trim().split("\n\n").map((event) =>
        event.replace(/^data: /, "")
      );
      assert.equal(events.pop(), "[DONE]");
      const chunks = events.map((event) => JSON.parse(event));
      assert.deepEqual(chunks.at(-1).usage, whole.usage);
      for (const { index, message, finish_reason } of whole.choices) {
        const own = chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
        assert.equal(own.map(({ delta }) => delta.content ?? "").join(""), message.content);
        assert.equal(own.at(-1).finish_reason, finish_reason);
        assert.equal(own[0].delta.role, "assistant");
      }
    }
  });

  it("refuses by name what it does not honour, and says what is wrong", async () => {
    const refused = async (rest: object, status: number, message: RegExp) => {
      const response = await chat(rest);
      assert.equal(response.status, status);
      assert.match((await json(response)).error.message, message);
    };
    await refused({ top_p: 0.9 }, 400, /top_p/);
    await refused({ presence_penalty: 1 }, 400, /presence_penalty/);
    await refused({ tools: [] }, 400, /tools/);
    await refused({ messages: [] }, 400, /messages/);
    await refused({ messages: [{ role: "system", content: "x" }] }, 400, /system turn/);
    await refused({ max_tokens: 1e6 }, 400, /Cannot answer as prompt and completion must have at most/);
    assert.equal((await post("/v1/nothing", {})).status, 404);
    assert.equal((await post("/v1/completions", 0, { body: "{" })).status, 400);
  });

  it("answers this machine only without a token, and its bearers with one", async () => {
    const models = (host: string, headers: Record<string, string>, token: string | null) =>
      createServer({ model, name: "tiny", token })(new Request(`http://${host}/v1/models`, { headers }));
    assert.equal((await models("example.org", {}, null)).status, 403);
    assert.equal((await models("example.org", {}, "secret")).status, 401);
    assert.equal((await models("example.org", { authorization: "Bearer secret" }, "secret")).status, 200);
  });
});

describe("serve and chat as commands", () => {
  const main = join(ROOT, "trainer", "main.ts");
  const deno = Bun.which("deno");

  it(
    "the evaluator scores the endpoint as it scores the checkpoint",
    { skip: deno === null && "no Deno" },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "ghpo-serve-"));
      const server = Bun.spawn([process.execPath, main, "serve", "--model", MODEL, "--port", "0", "--json"], {
        stdout: "pipe",
        stderr: "inherit",
      });
      try {
        const { value } = await server.stdout.getReader().read();
        const { url, model } = JSON.parse(new TextDecoder().decode(value));
        const scores = [["--endpoint", url, "--model", model], ["--model", MODEL]].map(async (source, i) => {
          const out = join(folder, `${i}.json`);
          const child = Bun.spawn(
            [
              ...[deno!, "run", "-A", join(ROOT, "evaluator", "main.ts"), ...source],
              ...["--benchmarks", "chain", "--per-level", "4", "--out", out],
            ],
            { cwd: ROOT, stdout: "ignore", stderr: "pipe" },
          );
          const errors = await new Response(child.stderr).text();
          assert.equal(await child.exited, 0, errors);
          const rows = readFileSync(out.replace(".json", ".rows.jsonl"), "utf8").trim().split("\n");
          return rows.map((row) => JSON.parse(row)).map((
            row,
          ) => [row.problem_id ?? row.id, row.verdict, row.completion ?? row.text]);
        });
        const [endpoint, checkpoint] = await Promise.all(scores);
        assert.equal(endpoint!.length, 20);
        assert.deepEqual(endpoint, checkpoint);
      } finally {
        server.kill("SIGTERM");
        await server.exited;
        rmSync(folder, { recursive: true });
      }
    },
  );

  it("chat answers with two models side by side", async () => {
    const child = Bun.spawn(
      [
        process.execPath,
        main,
        "chat",
        "--model",
        MODEL,
        "--beside",
        MODEL,
        "--temperature",
        "0",
        "--max-tokens",
        "24",
      ],
      { stdin: new Blob([`${QUESTION}\n/reset\n${QUESTION}\n/quit\n`]), stdout: "pipe", stderr: "inherit" },
    );
    const text = await new Response(child.stdout).text();
    assert.equal(await child.exited, 0);
    const answers = text.trim().split("\n");
    assert.equal(answers.length, 8);
    assert.match(answers[1]!, /^2\+3=5;5\+4=9/);
    assert.deepEqual(answers.filter((_, i) => i % 2 === 1), Array(4).fill(answers[1]));
  });
});
