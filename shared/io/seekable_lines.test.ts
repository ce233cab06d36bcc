import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import { linesOf, readLines } from "./seekable_lines.ts";

const folder = mkdtempSync(join(tmpdir(), "lines-"));
after(() => rmSync(folder, { recursive: true }));

it("reads the lines of a file whatever the pieces they arrive in, with their places", () => {
  const text = "one\n\nzwölf €uro\r\n" + "x".repeat(50) + "\nlast";
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, 1000]) {
    let at = 0;
    const lines = [...linesOf((buffer) => {
      const part = bytes.subarray(at, at + size);
      buffer.set(part);
      at += part.length;
      return part.length;
    })];
    assert.deepEqual(lines.map((line) => line.text), ["one", "", "zwölf €uro", "x".repeat(50), "last"]);
    assert.deepEqual(lines.map(({ ended }) => ended), [true, true, true, true, false]);
    for (const { text, offset, bytes: length } of lines) {
      const again = new TextDecoder().decode(bytes.subarray(offset, offset + length));
      assert.equal(again.replace(/\r$/, ""), text);
    }
  }
});

it("leaves a byte order mark out and names a file that is not there", () => {
  const path = join(folder, "bom.jsonl");
  writeFileSync(path, '\uFEFF{"a":1}\n');
  assert.ok(readFileSync(path, "utf8").startsWith("\uFEFF"));
  assert.deepEqual([...readLines(path)].map(({ text }) => text), ['{"a":1}']);
  assert.throws(() => [...readLines(join(folder, "none"))], /Cannot read .*none as it does not exist/);
});
