import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { adamw } from "./adamw.ts";
import { adamwRef } from "./adamw.ref.ts";

const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };

async function upload(length: number, factor: number) {
  const gpu = await testGpu();
  return {
    gradient: gpu.allocate("gradient", length * 4),
    clip: gpu.upload("clip", Float32Array.of(123, factor)),
    weight: gpu.upload("weight", noise(length, 1)),
    exp_avg: gpu.allocate("exp_avg", length * 4),
    exp_avg_sq: gpu.allocate("exp_avg_sq", length * 4),
  };
}

describe("adamw", () => {
  for (const length of [4, 260]) {
    it(`equals the f64 reference over 5 updates of ${length} numbers`, async () => {
      const gpu = await testGpu();
      const buffers = await upload(length, 0.5);
      const expected = {
        weight: Float64Array.from(noise(length, 1)),
        expAvg: new Float64Array(length),
        expAvgSq: new Float64Array(length),
      };
      for (let step = 1; step <= 5; step++) {
        const gradient = noise(length, 10 + step);
        gpu.write(buffers.gradient, gradient);
        await run((recorder) => adamw(recorder, buffers, length, settings, { step, lr: 0.01 / step }));
        adamwRef(expected, gradient.map((g) => g / 2), settings, { step, lr: 0.01 / step });
      }
      assertClose(await gpu.readFloats(buffers.weight), expected.weight, 1e-6, "weight");
      assertClose(await gpu.readFloats(buffers.exp_avg), expected.expAvg, 1e-6, "exp_avg");
      const relative = (await gpu.readFloats(buffers.exp_avg_sq)).map((v, i) => v / expected.expAvgSq[i]!);
      assertClose(relative, relative.map(() => 1), 1e-5, "exp_avg_sq over its reference");
      gpu.release(...Object.values(buffers));
    });
  }

  it("changes nothing at a negative clipping factor", async () => {
    const gpu = await testGpu();
    const buffers = await upload(8, -1);
    gpu.write(buffers.gradient, new Float32Array(8).fill(NaN));
    await run((recorder) => adamw(recorder, buffers, 8, settings, { step: 1, lr: 0.01 }));
    assert.deepEqual(await gpu.readFloats(buffers.weight), noise(8, 1));
    assert.deepEqual(await gpu.readFloats(buffers.exp_avg), new Float32Array(8));
    gpu.release(...Object.values(buffers));
  });
});
