import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { f32ToBf16 } from "#shared/io/half.ts";
import { packBf16 } from "./pack_bf16.ts";

/** Ties both ways, the largest number below infinity, denormals, zeros of both signs, NaN. */
const SPECIAL = new Float32Array(
  Uint32Array.of(
    0x3f808000,
    0x3f818000,
    0x3f808001,
    0x7f7fffff,
    0x7f800000,
    0xff800000,
    0x80000000,
    0x00000001,
    0x00018000,
    0xbf80ffff,
    0x7fc00001,
    0x00000000,
  ).buffer,
);

describe("packBf16()", () => {
  it("rounds as the CPU does", async () => {
    const gpu = await testGpu();
    for (const data of [SPECIAL, noise(4 * 999, 1, 100)]) {
      const buffers = { x: gpu.upload("x", data), out: gpu.allocate("out", data.length * 2) };
      await run((recorder) => packBf16(recorder, buffers, { length: data.length }));
      assert.deepEqual(await gpu.readWords(buffers.out), new Uint32Array(f32ToBf16(data).buffer));
      gpu.release(...Object.values(buffers));
    }
  });
});
