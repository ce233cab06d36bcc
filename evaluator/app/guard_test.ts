import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { createHandler } from "../app.ts";
import { RateLimiter } from "./guard.ts";
import { MemoryStore } from "./store.ts";

describe("the guard", () => {
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
