import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { crc32c, tensorboardEvents } from "#shared/io/tensorboard.ts";

describe("crc32c()", () => {
  it("gives the check value of the polynomial", () => {
    assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
    assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa); // RFC 3720, B.4
  });
});

describe("tensorboardEvents()", () => {
  it("writes frames whose checksums hold and messages that say what was given", () => {
    const file = tensorboardEvents(1000, [{ wall_time: 1001.5, step: 300, values: { "a/b": 0.25 } }]);
    const view = new DataView(file.buffer);
    const messages: Uint8Array[] = [];
    for (let at = 0; at < file.length;) {
      const length = Number(view.getBigUint64(at, true));
      const unmask = (at: number) => {
        const rotated = (view.getUint32(at, true) - 0xa282ead8) >>> 0;
        return ((rotated >>> 17) | (rotated << 15)) >>> 0;
      };
      assert.equal(unmask(at + 8), crc32c(file.subarray(at, at + 8)));
      const data = file.subarray(at + 12, at + 12 + length);
      assert.equal(unmask(at + 12 + length), crc32c(data));
      messages.push(data);
      at += 16 + length;
    }
    assert.equal(messages.length, 2);
    assert.match(new TextDecoder().decode(messages[0]), /brain\.Event:2$/);
    const event = [...messages[1]!];
    assert.deepEqual(event.slice(0, 1), [0x09]); // field 1, 8 bytes
    assert.equal(new DataView(messages[1]!.slice(1, 9).buffer).getFloat64(0, true), 1001.5);
    assert.deepEqual(event.slice(9, 12), [0x10, 0xac, 0x02]); // field 2: 300
    const value = [0x0a, 3, 0x61, 0x2f, 0x62, 0x15, 0, 0, 0x80, 0x3e]; // tag "a/b", 0.25
    assert.deepEqual(event.slice(12), [0x2a, value.length + 2, 0x0a, value.length, ...value]);
  });
});
