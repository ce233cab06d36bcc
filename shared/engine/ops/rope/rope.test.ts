import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { rope } from "./rope.ts";
import { ropeRef } from "./rope.ref.ts";

describe("rope", () => {
  for (
    const shape of [
      { tokens: 5, heads: 1, kvHeads: 1, headDim: 8, eps: 1e-6 },
      { tokens: 33, heads: 6, kvHeads: 2, headDim: 24, eps: 1e-6 },
      { tokens: 9, heads: 4, kvHeads: 4, headDim: 64, eps: 1e-5 },
    ]
  ) {
    for (const withNorm of [false, true]) {
      const { tokens, heads, kvHeads, headDim } = shape;
      const name = `${tokens} tokens, heads ${heads}/${kvHeads} of ${headDim}`;
      it(`equals the f64 reference at ${name}${withNorm ? " with q/k norm" : ""}`, async () => {
        const gpu = await testGpu();
        const raw = noise(tokens * (heads + 2 * kvHeads) * headDim, 1);
        const positions = Uint32Array.from({ length: tokens }, (_, i) => (i * 7) % 32);
        const frequencies = Float32Array.from({ length: headDim / 2 }, (_, i) => 100 ** (-2 * i / headDim));
        const table = new Float32Array(32 * headDim);
        for (let i = 0; i < 32 * headDim / 2; i++) {
          const angle = Math.floor(i / frequencies.length) * frequencies[i % frequencies.length]!;
          table.set([Math.cos(angle), Math.sin(angle)], 2 * i);
        }
        const norms = { q: noise(headDim, 2), k: noise(headDim, 3) };
        const buffers = {
          raw: gpu.upload("raw", raw),
          positions: gpu.upload("positions", positions),
          table: gpu.upload("table", table),
          qkv: gpu.allocate("qkv", raw.byteLength),
        };
        const weights = { q_norm: gpu.upload("q_norm", norms.q), k_norm: gpu.upload("k_norm", norms.k) };
        await run((recorder) => rope(recorder, { ...buffers, ...(withNorm ? weights : {}) }, shape));
        const expected = ropeRef(raw, positions, frequencies, shape, withNorm ? norms : undefined);
        assertClose(await gpu.readFloats(buffers.qkv), expected, 2e-6);
        gpu.release(...Object.values(buffers), ...Object.values(weights));
      });
    }
  }
});
