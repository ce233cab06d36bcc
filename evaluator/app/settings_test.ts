import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { handlerFor } from "../app.ts";
import { readSettings } from "./settings.ts";

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
