// A driver that computes garbage without an error exists; training on it would be silently wrong.
// Opening a run multiplies two small integer matrices, whose product is exact in f32, and compares.

import { matmulNN } from "#shared/kernels/matmul.ts";
import type { Gpu } from "./device.ts";
import { Recorder } from "./recorder.ts";

const SHAPE = { rows: 37, cols: 68, inner: 36 };

/**
 * Leaves faster kernels on only when they compute correctly.
 * @throws Error naming the adapter when the portable ones do not.
 */
export async function selfTest(gpu: Gpu): Promise<void> {
  if (gpu.subgroups8) gpu.subgroups8 = await firstWrong(gpu) === undefined;
  const wrong = gpu.subgroups8 ? undefined : await firstWrong(gpu);
  if (wrong) {
    const name = gpu.facts.description || gpu.facts.device || gpu.facts.vendor || "without a name";
    throw new Error(`Cannot use adapter "${name}" as its self-test product is wrong: ${wrong}`);
  }
}

/** The first wrong element of the product of the kernels now chosen. */
async function firstWrong(gpu: Gpu): Promise<string | undefined> {
  const { rows, cols, inner } = SHAPE;
  const x = Float32Array.from({ length: rows * inner }, (_, i) => (i * 7) % 11 - 5);
  const w = Float32Array.from({ length: inner * cols }, (_, i) => (i * 5) % 13 - 6);
  const buffers = {
    x: gpu.upload("self test x", x),
    w: gpu.upload("self test w", w),
    out: gpu.allocate("self test out", rows * cols * 4),
  };
  const recorder = new Recorder(gpu);
  matmulNN(recorder, buffers, SHAPE);
  recorder.submit();
  const out = await gpu.readFloats(buffers.out);
  recorder.destroy();
  gpu.release(...Object.values(buffers));
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += x[i * inner + k]! * w[k * cols + j]!;
      const got = out[i * cols + j];
      if (got !== sum) return `element [${i}, ${j}] is ${got}, expected ${sum}`;
    }
  }
  return undefined;
}
