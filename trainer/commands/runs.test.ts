import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { temporaryFolders } from "#shared/io/testing.ts";
import { aRun, ghpo, ghpoIn } from "./testing.ts";

const temporary = temporaryFolders();

describe("ghpo runs", () => {
  it("lists runs with where they stand", () => {
    const run = aRun(temporary());
    const { out } = ghpo("runs", run);
    assert.match(out, /^run +algorithm +status +step/);
    assert.match(out, /demo +ghpo +stopped +20\/30 +40s +48\.0 %/);
    const [row] = JSON.parse(ghpo("runs", run, "--json").out);
    assert.deepEqual([row.status, row.step, row.max_steps], ["stopped", 20, 30]);
  });

  it("says what to do first where nothing was ever run", () => {
    const { code, out } = ghpoIn(temporary(), ["runs"]);
    assert.deepEqual([code, out], [0, "No runs yet. Next: npm run demo\n"]);
  });

  it("says when a folder is not there", () => {
    const { code, err } = ghpo("runs", "no/such/folder");
    assert.equal(code, 1);
    assert.match(err, /^error: Cannot find runs in no\/such\/folder as there is no such folder\n$/);
  });
});
