// The web service: one suite over real HTTP on every runtime, and the guard around it.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { cpuUsage } from "node:process";
import { syntheticProblems, targetText } from "#shared/problems/synthetic.ts";
import { createHandler, handlerFor } from "../app.ts";
import { routes } from "./routes.ts";
import { FileStore } from "./file_store.ts";
import { escapeHtml } from "#shared/text/format.ts";
import { RateLimiter } from "./guard.ts";
import { readSettings } from "./settings.ts";
import { operations } from "./operations.ts";
import { MemoryStore } from "./store.ts";
import { verifyPairs } from "./verify.ts";
import { startEndpoint, type TestServer } from "../testing/endpoint.ts";
import { bundle, freePort, runtimes, type Service } from "../testing/services.ts";

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

/** The beginning of the answer to a hand-written GET of /healthz. */
async function rawRequest(address: string, host: string): Promise<string> {
  const { hostname, port } = new URL(address);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(
    new TextEncoder().encode(`GET /healthz HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`),
  );
  const buffer = new Uint8Array(4096);
  const size = await connection.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, size ?? 0));
}

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
      await service?.stop();
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

    it("asks once for what five callers ask for at the same time", async () => {
      const spec = {
        endpoint: endpoint.url,
        model: "five",
        benchmarks: ["chain"],
        problems_seed: 3,
        per_level: 2,
      };
      const { id } = await (await call("/v1/evaluations", spec)).json();
      const asked = endpoint.requests;
      const next = () => call(`/v1/evaluations/${id}/next`, {}).then((response) => response.text());
      const streams = await Promise.all([next(), next(), next(), next(), next()]);
      assert.ok(streams.every((stream) => stream.includes("event: end")));
      assert.equal((await (await call(`/v1/evaluations/${id}`)).json()).done, 10);
      assert.equal(endpoint.requests - asked, 10);
    });

    it("takes media types and schemes in any case, answers HEAD, and hosts of three letters", async () => {
      const pairs = { pairs: [{ gold: "1", completion: "1" }] };
      const headers = { authorization: `bearer ${TOKEN}`, "content-type": "APPLICATION/json;charset=utf-8" };
      assert.equal((await call("/v1/verify", pairs, headers)).status, 200);
      assert.equal((await fetch(`${service.url}/healthz`, { method: "HEAD" })).status, 200);
      assert.match(await rawRequest(service.url, "Host: api"), /^HTTP\/1.1 200/);
      // Servers answer what is no host themselves or leave it to the service: never with a 5xx. Before workerd there is
      // miniflare 4.20260426 here, which answers 500 itself.
      if (name.startsWith("workerd")) return;
      for (const host of ["Host: a b", "Host: [::", "Host: %zz"]) {
        assert.doesNotMatch(await rawRequest(service.url, host), /^HTTP\/1.1 5/, host);
      }
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
      const json = JSON.stringify(document);
      assert.match(json, /"span":\{"anyOf":\[\{"type":"array","minItems":2,"items":\{[^}]*\},"maxItems":2\}/);
      assert.ok(!json.includes("prefixItems"), "tuples of entries alike are lists, which more tools read");
      const { properties } = document.paths["/v1/verify"].post.requestBody.content["application/json"].schema;
      assert.deepEqual(Object.keys(properties), ["preset", "pairs"]);
      const statuses = Object.keys(document.paths["/v1/score"].post.responses);
      assert.deepEqual(statuses, ["200", "400", "401", "413", "415", "422", "429", "default"]);
      const page = await (await call("/docs")).text();
      assert.match(page, /POST \/v1\/score/);
      assert.doesNotMatch(page, /(src|href)="(https?:)?\/\//);
    });

    if (name.startsWith("workerd")) {
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

  it("has no WebGPU and no node: module in its bundle, which is below 200 kB compressed", {
    skip: runtimes[1]!.skip,
  }, async () => {
    const folder = Deno.makeTempDirSync();
    const code = await Deno.readTextFile(await bundle(`${folder}/app.js`));
    assert.doesNotMatch(code, /(from|import|require\()\s*\(?["']node:/);
    assert.doesNotMatch(code, /navigator\.gpu|requestAdapter|createComputePipeline/);
    const zipped = new Blob([code]).stream().pipeThrough(new CompressionStream("gzip"));
    const bytes = (await new Response(zipped).arrayBuffer()).byteLength;
    assert.ok(bytes < 200_000, `the bundle has ${bytes} bytes`);
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
    const reopen = (open: FileStore): FileStore => (open[Symbol.dispose](), new FileStore(path));
    await store.put({ "a/1": "one", "b/1": "other" });
    await store.put({ "a/1": "two", "a/0": "zero" });
    Deno.writeTextFileSync(path, '{"a/2":"los', { append: true });
    const reopened = reopen(store);
    assert.deepEqual(await reopened.list("a/"), ["zero", "two"]);
    await reopened.put({ "a/2": "again" });
    using last = reopen(reopened);
    assert.equal(await last.get("a/2"), "again");
    Deno.removeSync(path);
  });

  it("names the damaged line of a store, and locks it against a second process", () => {
    const path = Deno.makeTempFileSync();
    Deno.writeTextFileSync(path, '{"a":"1"}\n{"b":\n{"c":"3"}\n');
    assert.throws(() => new FileStore(path), new RegExp(`Cannot read ${path}:2 as it is not JSON`));
    Deno.writeTextFileSync(path, '{"a":1}\n');
    assert.throws(() => new FileStore(path), /:1 as a line of a store must be an object of strings/);
    Deno.writeTextFileSync(path, '{"a":"1"}\n');
    {
      using _store = new FileStore(path);
      assert.throws(
        () => new FileStore(path),
        new RegExp(`Cannot open ${path} as process ${Deno.pid} is serving it`),
      );
    }
    Deno.writeTextFileSync(`${path}.lock`, "deno 999999999\n"); // left by a process that is gone
    using _again = new FileStore(path);
    Deno.removeSync(path);
  });

  it("limits the rate of those it lets in, in constant memory, and says when to come back", async () => {
    const settings = { store: new MemoryStore(), endpoints: [], maxBodyBytes: 1000, requestsPerMinute: 2 };
    const handler = createHandler({ ...settings, access: { token: "secret" } });
    const ask = (authorization: string) =>
      handler(new Request("http://localhost/v1/evaluations/0", { headers: { authorization } }));
    for (let i = 0; i < 50; i++) assert.equal((await ask(`Bearer ${i}${"x".repeat(5000)}`)).status, 401);
    assert.deepEqual([(await ask("Bearer secret")).status, (await ask("bearer  secret")).status], [404, 404]);
    const refused = await ask("BEARER secret");
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    const limiter = new RateLimiter(60);
    for (let i = 0; i < 60; i++) limiter.take(0);
    assert.throws(() => limiter.take(0), /60 requests a minute/);
    limiter.take(1000);
  });
});

describe("settings", () => {
  const read = (values: Record<string, string>) => readSettings((name) => values[name]);

  it("are closed unless there is a token, or one says that everybody may call", () => {
    assert.equal(read({}).access, "closed");
    assert.equal(read({ GHPO_TOKEN: "" }).access, "closed");
    assert.equal(read({ GHPO_TOKEN: "  " }).access, "closed");
    assert.deepEqual(read({ GHPO_TOKEN: "t" }).access, { token: "t" });
    assert.equal(read({ GHPO_ACCESS: "open" }).access, "open");
    assert.throws(
      () => read({ GHPO_ACCESS: "yes" }),
      /GHPO_ACCESS must be "open" or absent: current value is "yes"/,
    );
    assert.throws(() => read({ GHPO_ACCESS: "open", GHPO_TOKEN: "t" }), /exclude each other/);
  });

  it("refuse limits and addresses that are none", () => {
    for (const bad of ["4MB", "abc", "0", "-1", "1e6", "1.5", "Infinity"]) {
      assert.throws(
        () => read({ GHPO_MAX_BODY_BYTES: bad }),
        /GHPO_MAX_BODY_BYTES must be a whole number/,
        bad,
      );
      assert.throws(() => read({ GHPO_REQUESTS_PER_MINUTE: bad }), /GHPO_REQUESTS_PER_MINUTE must be/, bad);
    }
    assert.deepEqual(
      read({ GHPO_MAX_BODY_BYTES: "", GHPO_REQUESTS_PER_MINUTE: " 12 " }).requestsPerMinute,
      12,
    );
    for (
      const bad of [
        "api.example.com/v1",
        "ftp://x/v1",
        "http://u:p@x/v1",
        "https://x/v1?a=1",
        "https://x:99999/",
      ]
    ) {
      assert.throws(
        () => read({ GHPO_ENDPOINTS: `https://ok.example/v1,${bad}` }),
        /Cannot serve as each of GHPO_ENDPOINTS/,
      );
    }
    assert.deepEqual(read({ GHPO_ENDPOINTS: " https://a.example/v1/ , " }).endpoints, [
      { origin: "https://a.example", path: "/v1" },
    ]);
  });

  it("come from the bindings first, and what does not fit closes the service with a word in the log", async () => {
    const ask = async (bindings: unknown, headers: Record<string, string> = {}) => {
      const response = await handlerFor(bindings)(new Request("http://x/v1/evaluations/0", { headers }));
      return response.status;
    };
    assert.equal(await ask({}), 401);
    assert.equal(await ask({ GHPO_TOKEN: "" }), 401);
    assert.equal(await ask({ GHPO_TOKEN: "t" }), 401);
    assert.equal(await ask({ GHPO_TOKEN: "t" }, { authorization: "Bearer t" }), 404);
    assert.equal(await ask({ GHPO_ACCESS: "open" }), 404);
    const said: unknown[] = [];
    const { error } = console;
    console.error = (text: unknown) => said.push(text);
    try {
      assert.equal(await ask({ GHPO_ACCESS: "open", GHPO_MAX_BODY_BYTES: "4MB" }), 500);
    } finally {
      console.error = error;
    }
    assert.match(String(said[0]), /GHPO_MAX_BODY_BYTES must be a whole number .*: current value is 4MB/);
  });
});

describe("addresses", () => {
  const handler = createHandler({
    ...{
      store: new MemoryStore(),
      access: "open",
      endpoints: [],
      maxBodyBytes: 100_000,
      requestsPerMinute: 1000,
    },
  });

  it("are found behind hosts of any length", async () => {
    for (const host of ["a", "api", "x.io", "localhost:8787", "[::1]:80", "a.very.long.name.example.com"]) {
      assert.equal((await handler(new Request(`http://${host}/healthz`))).status, 200, host);
      const response = await handler(
        new Request(`http://${host}/v1/verify`, {
          method: "POST",
          body: '{"pairs":[{"gold":"1","completion":"1"}]}',
          headers: { "content-type": "Application/JSON; charset=UTF-8" },
        }),
      );
      assert.equal(response.status, 200, host);
    }
  });

  it("answer HEAD as GET without a body, and say so where another method is asked for", async () => {
    for (const path of ["/healthz", "/openapi.json", "/docs"]) {
      const head = await handler(new Request(`http://x${path}`, { method: "HEAD" }));
      const get = await handler(new Request(`http://x${path}`));
      assert.deepEqual([head.status, await head.text()], [200, ""]);
      assert.equal(head.headers.get("content-type"), get.headers.get("content-type"));
    }
    const refused = await handler(new Request("http://x/healthz", { method: "DELETE" }));
    assert.deepEqual([refused.status, refused.headers.get("allow")], [405, "GET, HEAD"]);
  });

  it("with a host that is none are 400", async () => {
    const request = new Request("http://x/healthz");
    Object.defineProperty(request, "url", { value: "http://a b/healthz" });
    assert.equal((await handler(request)).status, 400);
  });
});

describe("the API's page", () => {
  it("has a command line for every operation, whose bodies work", async () => {
    const handler = createHandler({
      ...{ store: new MemoryStore(), access: "open", maxBodyBytes: 100_000, requestsPerMinute: 1000 },
      endpoints: [{ origin: "https://api.example.com", path: "/v1" }],
    });
    const page = await (await handler(new Request("http://x/docs"))).text();
    assert.equal(page.match(/<code>curl /g)?.length, operations.length);
    for (const { method, path, example } of operations) {
      if (method !== "post" || path.includes("{id}")) continue;
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify(example);
      assert.ok(page.includes(escapeHtml(body)), path);
      const response = await handler(new Request(`http://x${path}`, { method: "POST", headers, body }));
      assert.equal(response.status, 200, `${path}: ${await response.text()}`);
    }
  });
});

describe("long work", () => {
  const handler = createHandler({
    ...{
      store: new MemoryStore(),
      access: "open",
      endpoints: [],
      maxBodyBytes: 4_000_000,
      requestsPerMinute: 1_000_000,
    },
  });
  const post = (path: string, body: string) =>
    handler(
      new Request(`http://x${path}`, {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
      }),
    );
  const processorMs = (): number => {
    const { user, system } = cpuUsage();
    return (user + system) / 1000;
  };

  /** Processor time of the longest turn in which nobody else is answered, ms: clocks on the wall count other programs. */
  async function longestTurn(
    work: () => Promise<Response>,
  ): Promise<{ longest: number; response: Response }> {
    let longest = 0;
    let over = false;
    const looking = (async () => {
      for (let before = processorMs(); !over; before = processorMs()) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        longest = Math.max(longest, processorMs() - before);
        await (await handler(new Request("http://x/healthz"))).text();
      }
    })();
    const response = await work();
    over = true;
    await looking;
    return { longest, response };
  }

  const sum = "\\sum_{k=1}^{4000} k^k"; // takes all the fuel that a comparison has
  const problems = Array.from({ length: 5000 }, (_, i) => ({ id: `p${i}`, answer: `\\frac{${i}}{7}` }));
  const answers = Array.from({ length: 5000 }, (_, i) => ({
    problem_id: `p${i}`,
    completion: `So it is ${"x ".repeat(150)} $\\boxed{\\frac{${i}}{${7 + i % 3}}}$.`,
  }));
  const few = problems.slice(0, 160);
  const repeated = Array.from({ length: 5000 }, (_, i) => ({
    problem_id: `p${i % 160}`,
    completion: `So it is $\\boxed{\\frac{${i % 160}}{${7 + Math.floor(i / 160) % 3}}}$.`,
  }));
  const cases: [string, string, unknown, number][] = [
    [
      "5,000 completions of 5,000 problems",
      "/v1/score",
      { benchmark: "m", problems, completions: answers },
      200,
    ],
    ["5,000 completions of 160 problems", "/v1/score", {
      benchmark: "m",
      problems: few,
      completions: repeated,
    }, 200],
    [
      "hard pairs",
      "/v1/verify",
      { pairs: Array(20).fill({ gold: sum, completion: `\\boxed{${sum}+1}` }) },
      200,
    ],
    ["four megabytes of brackets", "/v1/verify", "[".repeat(3_900_000), 422],
    [
      "200,000 keys",
      "/v1/verify",
      `{${Array.from({ length: 200_000 }, (_, i) => `"k${i}":1`).join(",")}}`,
      422,
    ],
    ["100,000 pairs", "/v1/verify", { pairs: Array(100_000).fill({ gold: "1", completion: "1" }) }, 422],
  ];
  for (const [name, path, body, status] of cases) {
    it(`keeps no other caller waiting for 50 ms: ${name}`, async () => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const turns: number[] = [];
      // The best of a few: the compiler and the garbage collector work in some of them.
      while (turns.length < 5 && !turns.some((longest) => longest < 50)) {
        const { longest, response } = await longestTurn(() => post(path, text));
        assert.equal(response.status, status, await response.text());
        turns.push(longest);
      }
      assert.ok(
        Math.min(...turns) < 50,
        `the longest turns took ${turns.map(Math.round).join(", ")} ms of the processor`,
      );
    });
  }
});
