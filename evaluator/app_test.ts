// The web service: one suite over real HTTP on every runtime, and the guard around it.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { syntheticProblems, targetText } from "#shared/problems/synthetic.ts";
import { createHandler, routes } from "./app.ts";
import { FileStore } from "./app/file_store.ts";
import { RateLimiter } from "./app/guard.ts";
import { operations } from "./app/openapi.ts";
import { MemoryStore } from "./app/store.ts";
import { verifyPairs } from "./app/verify.ts";
import { startEndpoint, type TestServer } from "./testing/endpoint.ts";
import { bundle, freePort, runtimes, type Service } from "./testing/services.ts";

const TOKEN = "correct horse battery staple";
const golds = syntheticProblems({
  families: ["chain"],
  levels: [1, 2, 3, 4, 5],
  count: 10,
  seed: 3,
  split: "held_out",
});
const textOf = new Map(
  golds.map((problem, i) => [problem.text, i % 2 === 0 ? targetText(problem)! : "####999"]),
);

for (const { name, skip, start } of runtimes) {
  describe(`service on ${name}`, { skip }, () => {
    let service: Service;
    let endpoint: TestServer;
    const state = Deno.makeTempDirSync();
    const env = (): Record<string, string> => ({
      PORT: String(freePort()),
      GHPO_TOKEN: TOKEN,
      GHPO_ENDPOINTS: endpoint.url,
      GHPO_MAX_BODY_BYTES: "20000",
      GHPO_REQUESTS_PER_MINUTE: "600",
    });
    before(async () => {
      endpoint = startEndpoint((prompt) => textOf.get(prompt) ?? "####0");
      service = await start(env(), state);
    });
    after(async () => {
      await service.stop();
      await endpoint[Symbol.asyncDispose]();
      Deno.removeSync(state, { recursive: true });
    });
    const call = (path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(service.url + path, {
        method: body === undefined ? "GET" : "POST",
        headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json", ...headers },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
    const problemOf = async (response: Response): Promise<{ status: number; detail: string }> => {
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      const problem = await response.json();
      assert.equal(problem.status, response.status);
      return problem;
    };

    it("answers without a token only where it may", async () => {
      assert.deepEqual(await (await call("/healthz", undefined, { authorization: "" })).json(), {
        status: "ok",
      });
      for (const authorization of ["", "Bearer wrong", TOKEN]) {
        const response = await call("/v1/verify", { pairs: [] }, { authorization });
        assert.equal((await problemOf(response)).status, 401);
      }
    });

    it("verifies a batch", async () => {
      const pairs = [
        { id: "a", gold: "\\frac{1}{2}", completion: "So \\boxed{0.5}" },
        { id: "b", gold: "7", completion: "#### 8" },
        { gold: "7", completion: "I do not know" },
      ];
      const { results } = await (await call("/v1/verify", { preset: "report", pairs })).json();
      assert.deepEqual(results.map((r: { id: string; verdict: unknown }) => [r.id, r.verdict]), [
        ["a", true],
        ["b", false],
        [null, false],
      ]);
    });

    it("scores the completions of a bundled benchmark and of the caller's own", async () => {
      const completions = golds.map((problem) => ({
        problem_id: problem.id,
        completion: textOf.get(problem.text),
      }));
      const body = { benchmark: "chain", problems_seed: 3, per_level: 2, completions };
      const score = await (await call("/v1/score", body)).json();
      assert.deepEqual([score.n, score.pass_at_1, score.trace_accuracy], [10, 0.5, 0.5]);
      const own = await (await call("/v1/score", {
        benchmark: "mine",
        problems: [{ id: "p", answer: "12" }],
        completions: [{ problem_id: "p", completion: "#### 12" }, { problem_id: "p", completion: "#### 13" }],
      })).json();
      assert.deepEqual([own.k, own.pass_at_1, own.pass_at], [2, 0.5, { 1: 0.5, 2: 1 }]);
    });

    it("evaluates an endpoint in chunks and streams the progress", async () => {
      const spec = {
        endpoint: endpoint.url,
        model: "m",
        benchmarks: ["chain"],
        problems_seed: 3,
        per_level: 2,
      };
      const first = await (await call("/v1/evaluations", spec)).json();
      assert.deepEqual([first.total, first.done, first.status], [10, 0, "running"]);
      assert.equal((await problemOf(await call(`/v1/evaluations/${first.id}/result`))).status, 409);
      const stream = await call(`/v1/evaluations/${first.id}/next`, { count: 6 });
      assert.equal(stream.headers.get("content-type"), "text/event-stream");
      assert.match(
        await stream.text(),
        /^event: progress\ndata: .*"total":10}\n\n[^]*event: end\n.*"done":6,/,
      );
      const again = await (await call("/v1/evaluations", spec)).json();
      assert.deepEqual([again.id, again.done], [first.id, 6]);
      await (await call(`/v1/evaluations/${first.id}/next`, {})).text();
      const state = await (await call(`/v1/evaluations/${first.id}`)).json();
      assert.deepEqual([state.done, state.status], [10, "complete"]);
      const result = await (await call(`/v1/evaluations/${first.id}/result`)).json();
      assert.deepEqual([result.complete, result.average, result.benchmarks[0].trace_accuracy], [
        true,
        0.5,
        0.5,
      ]);
      assert.equal(endpoint.requests, 10);
    });

    it("calls no endpoint that is not on its list", async () => {
      const spec = { model: "m", benchmarks: ["chain"] };
      for (
        const address of [
          "http://169.254.169.254/latest",
          "http://localhost:1/v1",
          endpoint.url.replace("http://", "http://user:pass@"),
          endpoint.url.replace("/v1", "/v10"),
          endpoint.url.replace("127.0.0.1", "127.0.0.1.example.com"),
          `${endpoint.url}/../admin`,
          "file:///etc/passwd",
        ]
      ) {
        const problem = await problemOf(await call("/v1/evaluations", { ...spec, endpoint: address }));
        assert.equal(problem.status, 403, address);
      }
    });

    it("evaluates no checkpoint, as none is on its list", async () => {
      const spec = { checkpoint: "/etc", benchmarks: ["chain"] };
      assert.equal((await problemOf(await call("/v1/evaluations", spec))).status, 403);
      const sampled = await problemOf(await call("/v1/evaluations", { ...spec, top_p: 0.5 }));
      assert.equal(sampled.status, 422);
      assert.match(sampled.detail, /must leave top_p at 1/);
    });

    it("answers faults with problems that leak nothing", async () => {
      const cases: [string, unknown, number, RegExp][] = [
        ["/v1/verify", "{", 400, /not valid JSON/],
        ["/v1/verify", { pair: [] }, 422, /the key pair is unknown: the nearest known key is pairs/],
        ["/v1/verify", { pairs: [] }, 422, /pairs must be/],
        [
          "/v1/score",
          { benchmark: "chain", completions: [{ problem_id: "x", completion: "" }] },
          422,
          /no problem "x"/,
        ],
        [
          "/v1/score",
          { benchmark: "x", completions: [{ problem_id: "x", completion: "" }] },
          422,
          /must be one of/,
        ],
        ["/v1/evaluations/00/next", {}, 404, /no such evaluation/],
        ["/nowhere", {}, 404, /nothing at this address/],
        [
          "/v1/verify",
          { pairs: [{ gold: "1", completion: "x".repeat(30_000) }] },
          413,
          /at most 20000 bytes/,
        ],
      ];
      for (const [path, body, status, detail] of cases) {
        const problem = await problemOf(await call(path, body));
        assert.equal(problem.status, status, `${path}: ${problem.detail}`);
        assert.match(problem.detail, detail);
        assert.doesNotMatch(JSON.stringify(problem), /\.ts|node_modules|at \w+ \(/);
      }
      assert.equal(
        (await problemOf(await call("/v1/verify", "{}", { "content-type": "text/plain" }))).status,
        415,
      );
      const parts = Array.from({ length: 5 }, () => new Uint8Array(8192));
      const chunked = ReadableStream.from(parts); // no content-length
      const response = await fetch(`${service.url}/v1/verify`, {
        method: "POST",
        body: chunked,
        headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      });
      assert.equal((await problemOf(response)).status, 413);
    });

    it("describes every operation and loads nothing from elsewhere", async () => {
      const document = await (await call("/openapi.json")).json();
      assert.equal(document.openapi, "3.1.0");
      const { properties } = document.paths["/v1/verify"].post.requestBody.content["application/json"].schema;
      assert.deepEqual(Object.keys(properties), ["preset", "pairs"]);
      const statuses = Object.keys(document.paths["/v1/score"].post.responses);
      assert.deepEqual(statuses, ["200", "400", "401", "413", "415", "422", "429", "default"]);
      const page = await (await call("/docs")).text();
      assert.match(page, /POST \/v1\/score/);
      assert.doesNotMatch(page, /(src|href)="(https?:)?\/\//);
    });

    if (name === "workerd") {
      it("keeps an evaluation when its isolate is killed between chunks", async () => {
        const spec = {
          endpoint: endpoint.url,
          model: "kept",
          benchmarks: ["chain"],
          problems_seed: 3,
          per_level: 2,
        };
        const { id } = await (await call("/v1/evaluations", spec)).json();
        const asked = endpoint.requests;
        for (let done = 0; done < 10; done += 2) {
          await (await call(`/v1/evaluations/${id}/next`, { count: 2 })).text();
          await service.stop();
          service = await start(env(), state);
        }
        const result = await (await call(`/v1/evaluations/${id}/result`)).json();
        assert.deepEqual([result.complete, result.average], [true, 0.5]);
        assert.equal(endpoint.requests - asked, 10);
      });
    }
  });
}

describe("the edge module", () => {
  it("documents exactly the routes that exist", () => {
    const app = routes({ store: new MemoryStore(), endpoints: [] });
    const existing = app.routes.map(({ method, path }) => `${method} ${path.replace(":id", "{id}")}`);
    const documented = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    assert.deepEqual(existing.sort(), documented.sort());
  });

  it("has no WebGPU and no node: module in its bundle, which is below 300 kB compressed", {
    skip: runtimes[1]!.skip,
  }, async () => {
    const folder = Deno.makeTempDirSync();
    const code = await Deno.readTextFile(await bundle(`${folder}/app.js`));
    assert.doesNotMatch(code, /(from|import|require\()\s*\(?["']node:/);
    assert.doesNotMatch(code, /navigator\.gpu|requestAdapter|createComputePipeline/);
    const zipped = new Blob([code]).stream().pipeThrough(new CompressionStream("gzip"));
    const bytes = (await new Response(zipped).arrayBuffer()).byteLength;
    assert.ok(bytes < 300_000, `the bundle has ${bytes} bytes`);
    Deno.removeSync(folder, { recursive: true });
  });

  it("lets other requests run between the pairs of a hard batch", async () => {
    const hard = "\\sum_{k=1}^{4000} k^k"; // takes all the fuel that a comparison has
    const pairs = Array.from({ length: 10 }, () => ({ gold: hard, completion: `\\boxed{${hard}+1}` }));
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const results = await verifyPairs({ pairs });
    clearInterval(timer);
    assert.ok(results.every(({ tier }) => tier === "limit"));
    assert.ok(turns >= 9, `${turns} turns for others`);
  });

  it("keeps evaluations in a file, whose torn last line it drops", async () => {
    const path = Deno.makeTempFileSync();
    const store = new FileStore(path);
    await store.put({ "a/1": "one", "b/1": "other" });
    await store.put({ "a/1": "two", "a/0": "zero" });
    Deno.writeTextFileSync(path, '{"a/2":"los', { append: true });
    const reopened = new FileStore(path);
    assert.deepEqual(await reopened.list("a/"), ["zero", "two"]);
    await reopened.put({ "a/2": "again" });
    assert.equal(await new FileStore(path).get("a/2"), "again");
    Deno.removeSync(path);
  });

  it("limits the rate per caller and says when to come back", async () => {
    const handler = createHandler({
      store: new MemoryStore(),
      token: null,
      endpoints: [],
      maxBodyBytes: 1000,
      requestsPerMinute: 2,
    });
    const ask = (authorization: string) =>
      handler(new Request("http://localhost/v1/evaluations/0", { headers: { authorization } }));
    assert.deepEqual([(await ask("a")).status, (await ask("a")).status, (await ask("b")).status], [
      404,
      404,
      404,
    ]);
    const refused = await ask("a");
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    const limiter = new RateLimiter(60);
    for (let i = 0; i < 60; i++) limiter.take("x", 0);
    assert.throws(() => limiter.take("x", 0), /60 requests a minute/);
    limiter.take("x", 1000);
  });
});
