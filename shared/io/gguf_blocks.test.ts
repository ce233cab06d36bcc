import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { BLOCK_TYPES, dequantise } from "./gguf_blocks.ts";
import samples from "./fixtures/k_blocks.json" with { type: "json" };

const bytesOf = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

describe("dequantise()", () => {
  for (const [name, { blocks, numbers }] of Object.entries(samples)) {
    it(`${name} gives the bits of gguf 0.19's dequantize`, () => {
      const [type] = Object.entries(BLOCK_TYPES).find(([, own]) => own.name === name)!;
      const data = bytesOf(blocks);
      assert.equal(data.length, 2 * BLOCK_TYPES[Number(type)]!.bytes);
      const expected = new Float32Array(bytesOf(numbers).buffer);
      assert.equal(expected.length, 2 * BLOCK_TYPES[Number(type)]!.numbers);
      assert.deepEqual(dequantise(data, Number(type)), expected);
    });
  }
});
