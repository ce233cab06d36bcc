import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { it } from "node:test";
import { inflateRawSync } from "node:zlib";
import { zip } from "./zip.ts";

it("an archive of more than 65,535 entries has its count in the 64-bit extension", () => {
  const most = 66_000;
  function* entries() {
    for (let i = 0; i < most; i++) {
      yield { name: `samples/${i}.json`, data: new TextEncoder().encode(`{"i":${i}}`) };
    }
  }
  const bytes = Buffer.concat([...zip(entries())]);
  const end = bytes.length - 22;
  assert.deepEqual([bytes.readUInt32LE(end), bytes.readUInt16LE(end + 10)], [0x06054b50, 0xffff]);
  const locator = end - 20;
  assert.equal(bytes.readUInt32LE(locator), 0x07064b50);
  const extended = Number(bytes.readBigUInt64LE(locator + 8));
  assert.equal(bytes.readUInt32LE(extended), 0x06064b50);
  assert.equal(Number(bytes.readBigUInt64LE(extended + 32)), most);
  let at = Number(bytes.readBigUInt64LE(extended + 48));
  for (let i = 0; i < most; i++) {
    assert.equal(bytes.readUInt32LE(at), 0x02014b50);
    const length = bytes.readUInt16LE(at + 28);
    const name = bytes.toString("utf8", at + 46, at + 46 + length);
    assert.equal(name, `samples/${i}.json`);
    if (i === most - 1) {
      const local = bytes.readUInt32LE(at + 42);
      const data = bytes.subarray(local + 30 + length, local + 30 + length + bytes.readUInt32LE(at + 20));
      assert.equal(inflateRawSync(data).toString(), `{"i":${i}}`);
    }
    at += 46 + length + bytes.readUInt16LE(at + 30);
  }
  assert.equal(at, extended);
});
