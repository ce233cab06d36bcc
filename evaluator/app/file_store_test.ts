// Evaluations kept in a file: what a crash leaves of it, and a second process.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { FileStore } from "./file_store.ts";

describe("FileStore", () => {
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
});
