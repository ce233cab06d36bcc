import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { bf16ToF32, f32ToBf16 } from "#shared/io/half.ts";
import { unpack } from "./unpack.ts";

const dtype = "bfloat16";
const words = (half: Uint16Array<ArrayBuffer>) => new Uint32Array(half.buffer);

describe("unpack()", () => {
  it("widens exactly", async () => {
    const gpu = await testGpu();
    const stored = f32ToBf16(noise(7 * 12, 2));
    const buffers = { packed: gpu.upload("packed", words(stored)), out: gpu.allocate("out", 7 * 12 * 4) };
    await run((recorder) => unpack(recorder, buffers, { rows: 7, stride: 12, dtype }));
    assert.deepEqual(await gpu.readFloats(buffers.out), bf16ToF32(stored));
    gpu.release(...Object.values(buffers));
  });

  it("adds a product of low rank in some columns, the others left alone", async () => {
    const gpu = await testGpu();
    const [rows, stride, first, cols, rank, scale] = [5, 20, 8, 8, 4, 1.5];
    const stored = f32ToBf16(noise(rows * stride, 3));
    const [a, b, before] = [noise(rows * rank, 4), noise(rank * cols, 5), noise(rows * stride, 6)];
    const buffers = {
      packed: gpu.upload("packed", words(stored)),
      a: gpu.upload("a", a),
      b: gpu.upload("b", b),
      out: gpu.upload("out", before),
    };
    const { packed, out, ...factors } = buffers;
    const product = { ...factors, rank, scale };
    const shape = { rows, stride, first, cols, dtype } as const;
    await run((recorder) => unpack(recorder, { packed, product, out }, shape));
    const base = bf16ToF32(stored);
    const expected = before.map((old, i) => {
      const [row, col] = [Math.floor(i / stride), i % stride - first];
      if (col < 0 || col >= cols) return old;
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += a[row * rank + k]! * b[k * cols + col]!;
      return base[i]! + scale * sum;
    });
    assertClose(await gpu.readFloats(out), expected, 1e-6);
    gpu.release(...Object.values(buffers));
  });
});
