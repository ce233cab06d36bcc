// The documents of the API: every route is in them, and their examples work.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { escapeHtml } from "#shared/text/format.ts";
import { openHandler } from "../testing/services.ts";
import { routes } from "./routes.ts";
import { operations } from "./operations.ts";
import { MemoryStore } from "./store.ts";

describe("operations", () => {
  it("documents exactly the routes that exist", () => {
    const app = routes({ store: new MemoryStore(), endpoints: [] });
    const existing = app.routes.map(({ method, path }) => `${method} ${path.replace(":id", "{id}")}`);
    const documented = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    assert.deepEqual(existing.sort(), documented.sort());
  });
});

describe("the API's page", () => {
  it("has a command line for every operation, whose bodies work", async () => {
    const handler = openHandler({ endpoints: [{ origin: "https://api.example.com", path: "/v1" }] });
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
