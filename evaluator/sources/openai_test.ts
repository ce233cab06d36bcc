// The endpoint source against a real HTTP server, plain and with 30 % of the answers broken.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Random } from "#shared/problems/rng.ts";
import type { SampleRequest } from "../run/request.ts";
import type { SampleEvent } from "../run/source.ts";
import { type Fault, startEndpoint, startFaultyProxy, type TestServer } from "../testing/endpoint.ts";
import { type OpenAiOptions, OpenAiSource } from "./openai.ts";
import { backoffMs, Limiter, retryAfterMs } from "./pacing.ts";

const settings = { model: "m", concurrency: 16, timeoutMs: 2000, attempts: 10, stream: false, backoffMs: 5 };

function request(i: number): SampleRequest {
  return {
    key: `k${i}`,
    benchmark: "b",
    problem_id: `p${i}`,
    repeat: 0,
    prompt: { messages: [{ role: "user", content: `question ${i}` }] },
    sampling: { temperature: 0, top_p: 1, max_tokens: 16, stop: [] },
    seed: i,
  };
}

async function all(options: OpenAiOptions, count: number): Promise<SampleEvent[]> {
  const events: SampleEvent[] = [];
  const requests = Array.from({ length: count }, (_, i) => request(i));
  const source = new OpenAiSource(options);
  for await (const batch of source.complete(requests, new AbortController().signal)) events.push(...batch);
  return events;
}

describe("openai source", () => {
  for (const stream of [false, true]) {
    it(`completes every request once, streaming ${stream ? "on" : "off"}`, async () => {
      // The first request goes alone; then none is answered until as many are open as may be.
      const crowd = Promise.withResolvers<void>();
      const wait = () => {
        if (server.mostOpen >= settings.concurrency) crowd.resolve();
        return server.requests === 1 ? Promise.resolve() : crowd.promise;
      };
      await using server: TestServer = startEndpoint((prompt, seed) => `${prompt} with seed ${seed}`, wait);
      const events = await all({ ...settings, endpoint: server.url, stream, timeoutMs: 60_000 }, 40);
      assert.equal(server.requests, 40);
      assert.equal(server.mostOpen, settings.concurrency);
      const texts = new Map(events.map((e) => [e.request.key, "output" in e ? e.output.text : "failed"]));
      assert.equal(texts.size, 40);
      assert.equal(texts.get("k7"), "question 7 with seed 7");
    });

    it(`gets every answer whole through 30 % faults, streaming ${stream ? "on" : "off"}`, async () => {
      await using server = startEndpoint((prompt) => `${prompt}: ${"x".repeat(200)} end`);
      const random = new Random(1, stream ? 1 : 0);
      const faults: Fault[] = ["429", "500", "reset", "half-body", "cut-json", "slow-loris"];
      const injected: Fault[] = [];
      let isBroken = false;
      const pick = (): Fault | null => {
        if (!isBroken || random.real() >= 0.3) return null;
        const fault = random.pick(faults);
        injected.push(fault);
        return fault;
      };
      await using proxy = startFaultyProxy(server.url, pick);
      // A whole answer must not look like a stalled one on a busy machine: the limit comes from what one takes there.
      const healthy = await all({ ...settings, endpoint: proxy.url, stream, timeoutMs: 60_000 }, 32);
      const slowest = Math.max(...healthy.map((event) => "output" in event ? event.output.latency_ms! : NaN));
      const timeoutMs = Math.max(150, 5 * slowest);
      isBroken = true;

      const events = await all({ ...settings, endpoint: proxy.url, stream, timeoutMs }, 200);
      assert.deepEqual(new Set(injected), new Set(faults));
      assert.equal(events.length, 200);
      assert.equal(new Set(events.map((event) => event.request.key)).size, 200);
      for (const event of events) {
        assert.ok("output" in event, "failure" in event ? event.failure : "");
        const { content } = (event.request.prompt as { messages: { content: string }[] }).messages[0]!;
        assert.equal(event.output.text, `${content}: ${"x".repeat(200)} end`);
      }
    });
  }

  it("stops after one request that a wrong key refuses, without the key in its words", async () => {
    let asked = 0;
    const stop = new AbortController();
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen() {} },
      (
        incoming,
      ) => (asked++, new Response(`bad key ${incoming.headers.get("authorization")}`, { status: 401 })),
    );
    const endpoint = `http://127.0.0.1:${server.addr.port}/v1`;
    await assert.rejects(all({ ...settings, endpoint, apiKey: "sk-secret" }, 50), {
      name: "UnusableSource",
      message: "the endpoint answers 401: bad key Bearer [key]; the key comes from OPENAI_API_KEY",
    });
    assert.equal(asked, 1);
    stop.abort();
    await server.finished;
  });

  it("fails a request that is broken at every attempt", async () => {
    await using server = startEndpoint(() => "x");
    await using proxy = startFaultyProxy(server.url, () => "cut-json");
    const [event] = await all({ ...settings, endpoint: proxy.url, attempts: 3 }, 1);
    assert.ok(event && "failure" in event);
    assert.equal(event.failure, "the response ended before the completion did");
    assert.equal(proxy.requests, 3);
  });

  it("stops sending when aborted", async () => {
    await using server = startEndpoint(() => "x");
    const stop = new AbortController();
    const requests = Array.from({ length: 100 }, (_, i) => request(i));
    let seen = 0;
    for await (
      const batch of new OpenAiSource({ ...settings, endpoint: server.url }).complete(requests, stop.signal)
    ) {
      seen += batch.length;
      if (seen >= 10) stop.abort();
    }
    assert.ok(seen >= 10 && seen < 100, `saw ${seen}`);
  });
});

describe("pacing", () => {
  /** Takes all turns that there are. */
  async function fill(limiter: Limiter): Promise<void> {
    for (let i = limiter.limit; i > 0; i--) await limiter.acquire();
  }

  it("starts at what was asked, halves once a burst of rejections, grows again and stays within its bounds", async () => {
    const limiter = new Limiter(8);
    assert.equal(limiter.limit, 1);
    limiter.open();
    assert.equal(limiter.limit, 8);
    await fill(limiter);
    for (let i = 0; i < 8; i++) limiter.overloaded();
    assert.equal(limiter.limit, 4);
    for (let i = 0; i < 8; i++) limiter.release();
    await fill(limiter);
    for (let i = 0; i < 4; i++) limiter.overloaded();
    assert.equal(limiter.limit, 2);
    for (let i = 0; i < 4; i++) limiter.release();
    for (let i = 0; i < 100; i++) limiter.overloaded();
    assert.equal(limiter.limit, 1);
    for (let i = 0; i < 200; i++) limiter.succeeded();
    assert.equal(limiter.limit, 8);
  });

  it("begins again from one when the connection is lost, doubling up to half of what it was", async () => {
    const limiter = new Limiter(16);
    limiter.open();
    await fill(limiter);
    for (let i = 0; i < 16; i++) limiter.overloaded(true);
    assert.equal(limiter.limit, 1);
    for (let i = 0; i < 16; i++) limiter.release();
    const limits = [];
    for (let round = 0; round < 6; round++) {
      for (let i = limiter.limit; i > 0; i--) limiter.succeeded();
      limits.push(limiter.limit);
    }
    assert.deepEqual(limits, [2, 4, 8, 9, 9, 10]); // above the half it grows by about one a round
  });

  it("gives turns in the order in which they were asked for, and never more than there are", async () => {
    const limiter = new Limiter(2);
    limiter.open();
    const order: number[] = [];
    let open = 0;
    await Promise.all(Array.from({ length: 10 }, async (_, i) => {
      await limiter.acquire();
      assert.ok(++open <= 2);
      order.push(i);
      await new Promise((resolve) => setTimeout(resolve, 1));
      open--;
      limiter.release();
    }));
    assert.deepEqual(order, [...Array(10).keys()]);
  });

  it("reads Retry-After as seconds or a date", () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    assert.equal(retryAfterMs("2", now), 2000);
    assert.equal(retryAfterMs("Thu, 01 Jan 2026 00:00:03 GMT", now), 3000);
    assert.equal(retryAfterMs("Wed, 31 Dec 2025 00:00:00 GMT", now), 0);
    assert.equal(retryAfterMs("soon", now), null);
    assert.equal(retryAfterMs(null, now), null);
    assert.equal(retryAfterMs("9999999", now), 300_000);
  });

  it("backs off within its jitter bounds", () => {
    for (let attempt = 1; attempt < 12; attempt++) {
      const wait = backoffMs(attempt, 500);
      assert.ok(wait >= 0 && wait <= Math.min(30_000, 500 * 2 ** (attempt - 1)));
    }
  });
});
