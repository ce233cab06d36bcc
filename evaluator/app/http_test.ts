// Requests as clients send them: methods, hosts, media types, bodies that are too large or wrong.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { onEveryRuntime, TOKEN } from "../testing/every_runtime.ts";
import { openHandler } from "../testing/services.ts";

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

onEveryRuntime((service) => {
  const { call, problemOf } = service;

  it("takes media types and schemes in any case, answers HEAD, and hosts of three letters", async () => {
    const pairs = { pairs: [{ gold: "1", completion: "1" }] };
    const headers = { authorization: `bearer ${TOKEN}`, "content-type": "APPLICATION/json;charset=utf-8" };
    assert.equal((await call("/v1/verify", pairs, headers)).status, 200);
    assert.equal((await fetch(`${service.url}/healthz`, { method: "HEAD" })).status, 200);
    assert.match(await rawRequest(service.url, "Host: api"), /^HTTP\/1.1 200/);
    // Servers answer what is no host themselves or leave it to the service: never with a 5xx. Before workerd there is
    // miniflare 4.20260426 here, which answers 500 itself.
    if (service.name.startsWith("workerd")) return;
    for (const host of ["Host: a b", "Host: [::", "Host: %zz"]) {
      assert.doesNotMatch(await rawRequest(service.url, host), /^HTTP\/1.1 5/, host);
    }
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
});

describe("addresses", () => {
  const handler = openHandler();

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
