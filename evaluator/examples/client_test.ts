// The typed client against the service.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { createHandler } from "../app.ts";
import { MemoryStore } from "../app/store.ts";
import { connect, judge } from "./client.ts";

describe("typed client", () => {
  it("verifies, scores and is refused without its token", async () => {
    const settings = {
      store: new MemoryStore(),
      access: { token: "t" },
      endpoints: [],
      maxBodyBytes: 10_000,
      requestsPerMinute: 60,
    };
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, createHandler(settings));
    const address = `http://127.0.0.1:${server.addr.port}`;
    const pairs = [{ gold: "1/2", completion: "\\boxed{0.5}" }, { gold: "7", completion: "#### 8" }];
    assert.deepEqual(await judge(address, "t", pairs), [true, false]);
    const { data } = await connect(address, "t").v1.score.post({
      benchmark: "mine",
      problems: [{ id: "p", answer: "12" }],
      completions: [{ problem_id: "p", completion: "#### 12" }],
    });
    assert.equal(data?.pass_at_1, 1);
    await assert.rejects(() => judge(address, "wrong", pairs), /the service answers 401/);
    await server.shutdown();
  });
});
