import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { clipNorm, clipNormBuffers } from "./clip_norm.ts";
import { clipNormRef } from "./clip_norm.ref.ts";

async function clipOnGpu(data: Float32Array[], maxNorm: number): Promise<Float32Array> {
  const gpu = await testGpu();
  const gradients = data.map((own, i) => ({ buffer: gpu.upload(`gradient ${i}`, own), length: own.length }));
  const buffers = clipNormBuffers(gpu, gradients.length);
  await run((recorder) => clipNorm(recorder, gradients, buffers, maxNorm));
  const clip = await gpu.readFloats(buffers.clip);
  gpu.release(...gradients.map(({ buffer }) => buffer), ...Object.values(buffers));
  return clip;
}

describe("clip_norm", () => {
  const data = [noise(4, 1), noise(20, 2, 3), noise(4444, 3)];

  for (const maxNorm of [0, 0.5, 1000]) {
    it(`equals the f64 reference at max_norm ${maxNorm}`, async () => {
      const { norm, factor } = clipNormRef(data, maxNorm);
      const [gpuNorm, gpuFactor] = await clipOnGpu(data, maxNorm);
      assertClose([gpuNorm! / norm], [1], 1e-6, "norm");
      assertClose([gpuFactor! / factor], [1], 1e-6, "factor");
    });
  }

  it("leaves zero gradients alone", async () => {
    assert.deepEqual([...await clipOnGpu([new Float32Array(8)], 1)], [0, 1]);
  });

  for (const bad of [NaN, Infinity, 3e38]) {
    it(`marks a gradient with ${bad} as not to be used`, async () => {
      const [, factor] = await clipOnGpu([noise(8, 1), Float32Array.of(1, bad, 3, 4)], 1);
      assert.equal(factor, -1);
    });
  }
});
