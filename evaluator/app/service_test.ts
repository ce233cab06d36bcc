// What the service is for, over real HTTP on every runtime: it verifies, scores and evaluates.

import { it } from "node:test";
import assert from "node:assert/strict";
import { golds, onEveryRuntime, textOf, TOKEN } from "../testing/every_runtime.ts";

onEveryRuntime((service) => {
  const { call, problemOf } = service;

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
      endpoint: service.endpoint.url,
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
    assert.equal(service.endpoint.requests, 10);
  });

  it("asks once for what five callers ask for at the same time", async () => {
    const spec = {
      endpoint: service.endpoint.url,
      model: "five",
      benchmarks: ["chain"],
      problems_seed: 3,
      per_level: 2,
    };
    const { id } = await (await call("/v1/evaluations", spec)).json();
    const asked = service.endpoint.requests;
    const next = () => call(`/v1/evaluations/${id}/next`, {}).then((response) => response.text());
    const streams = await Promise.all([next(), next(), next(), next(), next()]);
    assert.ok(streams.every((stream) => stream.includes("event: end")));
    assert.equal((await (await call(`/v1/evaluations/${id}`)).json()).done, 10);
    assert.equal(service.endpoint.requests - asked, 10);
  });

  it("calls no endpoint that is not on its list", async () => {
    const spec = { model: "m", benchmarks: ["chain"] };
    for (
      const address of [
        "http://169.254.169.254/latest",
        "http://localhost:1/v1",
        service.endpoint.url.replace("http://", "http://user:pass@"),
        service.endpoint.url.replace("/v1", "/v10"),
        service.endpoint.url.replace("127.0.0.1", "127.0.0.1.example.com"),
        `${service.endpoint.url}/../admin`,
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

  if (!service.name.startsWith("workerd")) return;
  it("keeps an evaluation when its isolate is killed between chunks", async () => {
    const spec = {
      endpoint: service.endpoint.url,
      model: "kept",
      benchmarks: ["chain"],
      problems_seed: 3,
      per_level: 2,
    };
    const { id } = await (await call("/v1/evaluations", spec)).json();
    const asked = service.endpoint.requests;
    for (let done = 0; done < 10; done += 2) {
      await (await call(`/v1/evaluations/${id}/next`, { count: 2 })).text();
      await service.restart();
    }
    const result = await (await call(`/v1/evaluations/${id}/result`)).json();
    assert.deepEqual([result.complete, result.average], [true, 0.5]);
    assert.equal(service.endpoint.requests - asked, 10);
  });
});
