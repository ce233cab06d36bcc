// Products of weights stored in 16 bits: the f64 reference of the numbers that they are, and the very bits that these
// numbers give in f32.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { PRODUCTS } from "#shared/engine/gpu/device.ts";
import type { Recorder } from "#shared/engine/gpu/recorder.ts";
import { assertClose, noise, run, testGpu, unreadable } from "#shared/engine/gpu/testing.ts";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "#shared/io/half.ts";
import type { Dtype } from "#shared/engine/ops/storage/dtype.ts";
import { matmulNN, matmulNT } from "./matmul.ts";
import { matmulNNRef, matmulNTRef } from "./matmul.ref.ts";

const shapes = [
  { rows: 1, cols: 4, inner: 4 },
  { rows: 5, cols: 12, inner: 8 },
  { rows: 33, cols: 68, inner: 36 },
  { rows: 129, cols: 192, inner: 64 },
];
const TYPES = [["bfloat16", f32ToBf16, bf16ToF32], ["float16", f32ToF16, f16ToF32]] as const;

const gpu = await testGpu();
for (const products of PRODUCTS.filter((products) => gpu.offers(products))) {
  for (const [dtype, narrowed, widened] of TYPES) {
    const skip = unreadable(gpu, dtype);
    describe(`matmul by ${products} kernels of weights in ${dtype}`, { skip }, () => {
      before(() => void (gpu.chosen = products));
      after(() => void (gpu.chosen = undefined));

      for (const shape of shapes) {
        const { rows, cols, inner } = shape;
        const stored = narrowed(noise(inner * cols, 2));
        const w = widened(stored);
        const [x, bias, residual] = [noise(rows * inner, 1), noise(cols, 3), noise(rows * cols, 4)];

        /** Runs a product of the weights as they are stored and of the same numbers in f32. */
        const check = async (
          product: (recorder: Recorder, w: GPUBuffer, out: GPUBuffer, dtype: Dtype) => void,
          expected: ArrayLike<number>,
        ) => {
          const packed = gpu.upload("packed", new Uint32Array(stored.buffer));
          const [exact, out] = [gpu.upload("exact", w), gpu.allocate("out", rows * cols * 4)];
          await run((recorder) => product(recorder, exact, out, "float32"));
          const bits = await gpu.readFloats(out);
          await run((recorder) => product(recorder, packed, out, dtype));
          const actual = await gpu.readFloats(out);
          assertClose(actual, expected, 1e-5);
          assert.deepEqual(actual, bits);
          gpu.release(packed, exact, out);
        };

        it(`NN at ${rows} x ${cols} x ${inner}, with bias and residual and without`, async () => {
          const own = { x: gpu.upload("x", x), bias: gpu.upload("bias", bias) };
          const added = { ...own, residual: gpu.upload("residual", residual) };
          const expected = matmulNNRef(x, w, shape);
          await check(
            (recorder, w, out, dtype) => matmulNN(recorder, { x: own.x, w, out }, { ...shape, dtype }),
            expected,
          );
          await check(
            (recorder, w, out, dtype) => matmulNN(recorder, { ...added, w, out }, { ...shape, dtype }),
            expected.map((v, i) => v + bias[i % cols]! + residual[i]!),
          );
          gpu.release(...Object.values(added));
        });

        it(`NT at ${rows} x ${cols} x ${inner}`, async () => {
          const buffer = gpu.upload("x", x);
          await check(
            (recorder, w, out, dtype) => matmulNT(recorder, { x: buffer, w, out }, { ...shape, dtype }),
            matmulNTRef(x, w, shape),
          );
          gpu.release(buffer);
        });
      }
    });
  }
}
