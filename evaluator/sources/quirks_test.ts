// Endpoints with quirks, each at a fifth of the requests: no answer is lost, and none that is right counts as wrong.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Random } from "#shared/problems/rng.ts";
import { syntheticTask } from "#shared/tasks/synthetic.ts";
import { requestsOf, type SampleRequest } from "../run/request.ts";
import { recordOf, type SampleOutput, UnusableSource } from "../run/source.ts";
import { scoreSample } from "../scoring/score.ts";
import { type Quirk, quirks } from "../testing/quirks.ts";
import { OpenAiSource } from "./openai.ts";

const settings = { model: "m", concurrency: 16, timeoutMs: 5000, attempts: 12, backoffMs: 1 };
const task = syntheticTask("chain", 5, 8);
const goldOf = new Map(task.problems.map(({ text, answer }) => [text, answer]));
const requests = await Array.fromAsync(requestsOf(task, {}, 0));

/** Serves right answers, and the quirk's at a `share` of the requests. */
function serve(quirk: Quirk, share: number, stream: boolean) {
  const random = new Random(17);
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const body = await request.json();
    const text = `5+5+0=10;\n#### ${goldOf.get(body.messages[0].content)}`;
    if (random.real() < share) return await quirk.respond(text, body);
    if (!stream) {
      return Response.json({ choices: [{ index: 0, message: { content: text }, finish_reason: "stop" }] });
    }
    const event = JSON.stringify({
      choices: [{ index: 0, delta: { content: text }, finish_reason: "stop" }],
    });
    return new Response(`data: ${event}\n\ndata: [DONE]\n\n`, {
      headers: { "content-type": "text/event-stream" },
    });
  });
}

async function ask(endpoint: string, stream: boolean, asked: readonly SampleRequest[]) {
  const outputs = new Map<string, SampleOutput>();
  const failures: string[] = [];
  const source = new OpenAiSource({ ...settings, endpoint, stream });
  let stopped: string | null = null;
  try {
    for await (const events of source.complete(asked, new AbortController().signal)) {
      for (const event of events) {
        if ("output" in event) outputs.set(event.request.key, event.output);
        else failures.push(event.failure);
      }
    }
  } catch (error) {
    if (!(error instanceof UnusableSource)) throw error;
    stopped = error.message;
  }
  return { outputs, failures, stopped };
}

describe("quirks of endpoints", () => {
  it("are at least forty", () => {
    assert.ok(quirks.length >= 40, String(quirks.length));
    assert.equal(new Set(quirks.map(({ name }) => name)).size, quirks.length);
  });

  for (const quirk of quirks) {
    for (const stream of [false, true]) {
      it(`${quirk.name}, at a fifth of the requests, ${stream ? "streamed" : "whole"}`, async () => {
        const server = serve(quirk, 0.2, stream);
        const endpoint = `http://127.0.0.1:${server.addr.port}/v1`;
        const { outputs, failures, stopped } = await ask(endpoint, stream, requests);
        await server.shutdown();
        assert.equal(stopped, null);
        assert.equal(outputs.size + failures.length, requests.length);
        if (quirk.kind === "refused") {
          assert.ok(
            failures.length > 0 && failures.every((reason) => quirk.says!.test(reason)),
            failures[0] ?? "no failure",
          );
        } else assert.deepEqual(failures, []);
        for (const request of requests) {
          const output = outputs.get(request.key);
          const problem = task.problems.find(({ id }) => id === request.problem_id)!;
          if (!output) continue;
          const { score } = await scoreSample(task, problem, recordOf(request, output));
          assert.equal(score.verdict, true);
        }
      });
    }
  }

  for (const quirk of quirks.filter(({ says }) => says)) {
    it(`${quirk.name}, always: stops after a few requests with the server's words`, async () => {
      let asked = 0;
      const counting: Quirk = { ...quirk, respond: (...args) => (asked++, quirk.respond(...args)) };
      const server = serve(counting, 1, false);
      const endpoint = `http://127.0.0.1:${server.addr.port}/v1`;
      const { outputs, stopped, failures } = await ask(endpoint, false, requests);
      await server.shutdown();
      assert.equal(outputs.size, 0);
      assert.match(stopped ?? "", quirk.says!);
      assert.ok(asked <= 40 && failures.length < requests.length, `${asked} requests`);
    });
  }
});

describe("an endpoint without hope", () => {
  const cases: [status: number, body: string, says: RegExp][] = [
    [
      401,
      '{"error":{"message":"Incorrect API key provided"}}',
      /401: Incorrect API key provided; the key comes from/,
    ],
    [403, '{"detail":"Forbidden for this team"}', /403: Forbidden for this team/],
    [
      404,
      '{"object":"error","message":"The model `m` does not exist."}',
      /404: The model `m` does not exist.; check --endp/,
    ],
    [
      404,
      "<html><title>404 page not found</title></html>",
      /404: a web page, "404 page not found"; check --endpoint/,
    ],
    [
      429,
      '{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}',
      /exceeded your current quota/,
    ],
    [402, '{"error":"Insufficient credits"}', /402: Insufficient credits/],
    [308, "", /308, redirecting to https:\/\/elsewhere.example\/v1; pass the address itself/],
  ];
  for (const [status, body, says] of cases) {
    it(`${status} stops the run at once: ${body.slice(0, 60)}`, async () => {
      let asked = 0;
      const headers = { location: "https://elsewhere.example/v1" };
      const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
        asked++;
        return new Response(body, { status, headers: status === 308 ? headers : {} });
      });
      const { stopped, outputs } = await ask(`http://127.0.0.1:${server.addr.port}/v1`, false, requests);
      await server.shutdown();
      assert.match(stopped ?? "", says);
      assert.deepEqual([asked, outputs.size], [1, 0]);
    });
  }

  it("that is not there is told from one that is slow", async () => {
    const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const { port } = listener.addr;
    listener.close();
    const dead = await ask(`http://127.0.0.1:${port}/v1`, false, requests);
    assert.match(
      dead.stopped ?? "",
      /^nothing answers at 127.0.0.1:\d+: the connection is refused; is the server running\?$/,
    );

    const stop = new AbortController();
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen() {} },
      () => new Promise<Response>((resolve) => setTimeout(() => resolve(new Response()), 3000)),
    );
    const source = new OpenAiSource({
      ...settings,
      endpoint: `http://127.0.0.1:${server.addr.port}/v1`,
      stream: false,
      timeoutMs: 100,
    });
    await assert.rejects(
      async () => {
        for await (const _ of source.complete(requests, new AbortController().signal));
      },
      /no answer within 0.1 s, though the server is there: raise --timeout, or lower --concurrency/,
    );
    stop.abort();
    await server.finished;
  });

  it("that refuses single requests costs only those", async () => {
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
      const { messages: [{ content }] } = await request.json();
      if (content === task.problems[3]!.text) {
        return Response.json({ error: { message: "maximum context length is 4096" } }, { status: 400 });
      }
      return Response.json({
        choices: [{ index: 0, message: { content: "#### 1" }, finish_reason: "stop" }],
      });
    });
    const { stopped, failures, outputs } = await ask(
      `http://127.0.0.1:${server.addr.port}/v1`,
      false,
      requests,
    );
    await server.shutdown();
    assert.equal(stopped, null);
    assert.deepEqual(failures, ["the endpoint answers 400: maximum context length is 4096"]);
    assert.equal(outputs.size, requests.length - 1);
  });
});
