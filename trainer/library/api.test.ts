import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { declarations } from "./tools/api.ts";

it("the library's API is the one of api.txt", () => {
  const known = readFileSync(new URL("./api.txt", import.meta.url), "utf8");
  assert.equal(
    declarations(),
    known,
    "a change that is meant is written down by: bun trainer/library/tools/api.ts > trainer/library/api.txt",
  );
});
