// A driver that computes garbage without an error exists; training on it would be silently wrong.
// Opening a run multiplies two small integer matrices, whose product is exact in f32, and compares.

import { matmulNN } from "#shared/kernels/matmul.ts";
import type { Gpu } from "./device.ts";
import { Recorder } from "./recorder.ts";

/** @throws Error naming the adapter when the product is wrong. */
export async function selfTest(gpu: Gpu): Promise<void> {
  const shape = { rows: 37, cols: 68, inner: 36 };
  const x = Float32Array.from({ length: shape.rows * shape.inner }, (_, i) => (i * 7) % 11 - 5);
  const w = Float32Array.from({ length: shape.inner * shape.cols }, (_, i) => (i * 5) % 13 - 6);
  const buffers = {
    x: gpu.upload("self test x", x),
    w: gpu.upload("self test w", w),
    out: gpu.allocate("self test out", shape.rows * shape.cols * 4),
  };
  const recorder = new Recorder(gpu);
  matmulNN(recorder, buffers, shape);
  recorder.submit();
  const out = await gpu.readFloats(buffers.out);
  recorder.destroy();
  gpu.release(...Object.values(buffers));
  for (let i = 0; i < shape.rows; i++) {
    for (let j = 0; j < shape.cols; j++) {
      let sum = 0;
      for (let k = 0; k < shape.inner; k++) sum += x[i * shape.inner + k]! * w[k * shape.cols + j]!;
      const got = out[i * shape.cols + j];
      if (got !== sum) {
        const name = gpu.facts.description || gpu.facts.device || gpu.facts.vendor || "without a name";
        throw new Error(
          `Cannot use adapter "${name}" as its self-test product is wrong: element [${i}, ${j}] is ${got}, expected ${sum}`,
        );
      }
    }
  }
}
