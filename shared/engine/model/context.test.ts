import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { contextOf } from "./context.ts";

describe("contextOf()", () => {
  it("is what the positions reach, whatever the windows", () => {
    assert.deepEqual(contextOf({ max_position_embeddings: 8192 }), { tokens: 8192, name: "context" });
  });
});
