import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { readTar, readTarBr, readTarGz } from "./archives.mjs";

/** One ustar entry: header block, then the contents padded to whole blocks. */
function entry(name, contents, kind = "0", prefix = "") {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(contents.length.toString(8).padStart(11, "0"), 124);
  header.write(kind, 156);
  header.write(prefix, 345);
  return Buffer.concat([header, Buffer.from(contents), Buffer.alloc((512 - contents.length % 512) % 512)]);
}

const end = Buffer.alloc(1024);

describe("readTar()", () => {
  it("reads files of any length, with the long-name prefix, and no folders", () => {
    const tar = Buffer.concat([
      entry("bin", "", "5"),
      entry("bin/a", "x".repeat(512)),
      entry("b", "hello", "0", "deep/folder"),
      entry("empty", ""),
      end,
    ]);
    for (const files of [readTar(tar), readTarGz(gzipSync(tar)), readTarBr(brotliCompressSync(tar))]) {
      assert.deepEqual([...files.keys()], ["bin/a", "deep/folder/b", "empty"]);
      assert.equal(files.get("bin/a").length, 512);
      assert.equal(files.get("deep/folder/b").toString(), "hello");
    }
  });

  it("refuses an archive that is cut short", () => {
    const tar = entry("a", "y".repeat(1000)).subarray(0, 1000);
    assert.throws(() => readTar(tar), /entry a is cut short/);
  });
});
