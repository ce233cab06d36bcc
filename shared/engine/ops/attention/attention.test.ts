import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { attention } from "./attention.ts";
import { attentionRef } from "./attention.ref.ts";

/** Start index of each token's segment for back-to-back segments of these lengths. */
function starts(lengths: number[]): Uint32Array {
  let at = 0;
  return Uint32Array.from(lengths.flatMap((length) => {
    const start = at;
    at += length;
    return Array.from({ length }, () => start);
  }));
}

describe("attention", () => {
  for (
    const [lengths, heads, kvHeads, headDim] of [
      [[1], 1, 1, 8],
      [[3, 1, 18, 7], 4, 2, 16],
      [[33, 5], 6, 3, 24],
      [[20, 41], 14, 2, 64],
    ] as const
  ) {
    it(`equals the f64 reference for segments ${lengths}, heads ${heads}/${kvHeads} of ${headDim}`, async () => {
      const gpu = await testGpu();
      const segStart = starts([...lengths]);
      const tokens = segStart.length;
      const shape = { tokens, heads, kvHeads, headDim };
      const qkv = noise(tokens * (heads + 2 * kvHeads) * headDim, 1, 3);
      const buffers = {
        qkv: gpu.upload("qkv", qkv),
        seg_start: gpu.upload("seg_start", segStart),
        out: gpu.allocate("out", tokens * heads * headDim * 4),
        lse: gpu.allocate("lse", tokens * heads * 4),
      };
      await run((recorder) => attention(recorder, buffers, shape));
      const expected = attentionRef(qkv, segStart, shape);
      assertClose(await gpu.readFloats(buffers.out), expected.out, 1e-5, "out");
      assertClose(await gpu.readFloats(buffers.lse), expected.lse, 1e-5, "lse");
      gpu.release(...Object.values(buffers));
    });
  }
});
