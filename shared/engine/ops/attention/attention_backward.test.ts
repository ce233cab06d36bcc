import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { attentionRef, keysOf } from "./attention.ref.ts";
import { tablesOf, tileOf } from "./segments.ts";
import { forest, tokensOf, type Tree } from "./testing.ts";
import { attentionBackward } from "./attention_backward.ts";
import { attentionBackwardRef } from "./attention_backward.ref.ts";
import { assertGradient, inner } from "#shared/engine/ops/testing.ts";

describe("attention backward", () => {
  it("has a reference that equals central differences", () => {
    const shape = { tokens: 8, heads: 4, kvHeads: 2, headDim: 4 };
    const start = keysOf(forest([2, [3, 1, 2]]));
    const qkv = Float64Array.from(noise(8 * 32, 1, 2));
    const dout = noise(8 * 16, 2);
    const analytic = attentionBackwardRef(qkv, start, dout, shape);
    assertGradient(analytic, () => inner(attentionRef(qkv, start, shape).out, dout), qkv, "dqkv");
  });

  const cases: {
    lengths: Tree[];
    heads: number;
    kvHeads: number;
    headDim: number;
    chunkTiles: number;
    window?: number;
  }[] = [
    { lengths: [17, 30, 9, 66], heads: 6, kvHeads: 1, headDim: 20, chunkTiles: 5, window: 7 },
    { lengths: [40, 29], heads: 2, kvHeads: 2, headDim: 64, chunkTiles: 100, window: 1 },
    {
      lengths: [[9, 3, [5, 1, 12], 8], 4, [1, [1, 1]]],
      heads: 4,
      kvHeads: 2,
      headDim: 16,
      chunkTiles: 3,
      window: 11,
    },
    {
      lengths: [[30, 17, 17, 9], [7, [7, [7, 40]]]],
      heads: 6,
      kvHeads: 3,
      headDim: 24,
      chunkTiles: 100,
      window: 20,
    },
    { lengths: [1], heads: 1, kvHeads: 1, headDim: 4, chunkTiles: 1 },
    { lengths: [3, 1, 7], heads: 4, kvHeads: 2, headDim: 8, chunkTiles: 4 },
    { lengths: [17, 30, 9, 66], heads: 6, kvHeads: 1, headDim: 20, chunkTiles: 5 },
    { lengths: [40, 29], heads: 2, kvHeads: 2, headDim: 64, chunkTiles: 100 },
    { lengths: [9, 5], heads: 2, kvHeads: 1, headDim: 128, chunkTiles: 2 },
    { lengths: [[9, 3, [5, 1, 12], 8], 4, [1, [1, 1]]], heads: 4, kvHeads: 2, headDim: 16, chunkTiles: 3 },
    { lengths: [[30, 17, 17, 9], [7, [7, [7, 40]]]], heads: 6, kvHeads: 3, headDim: 24, chunkTiles: 100 },
    { lengths: [[31, 6, [6, 5, 5]]], heads: 2, kvHeads: 1, headDim: 8, chunkTiles: 1 },
  ];
  for (const { lengths, chunkTiles, ...shape } of cases) {
    for (const subgroups of [true, false]) {
      const { heads, kvHeads, headDim, window } = shape;
      const name = `segments ${
        JSON.stringify(lengths)
      }, ${heads} heads on ${kvHeads} of ${headDim}, chunks of ${chunkTiles} tiles, window ${window}${
        subgroups ? "" : ", portable"
      }`;
      it(`equals the f64 reference at ${name}`, async () => {
        const gpu = await testGpu();
        const { subgroups8 } = gpu;
        gpu.subgroups8 &&= subgroups;
        const segments = forest(lengths);
        const start = keysOf(segments, window);
        const tiles = tablesOf(segments, tileOf(gpu));
        const tokens = tokensOf(segments);
        const scratchFloats = chunkTiles * 4 * heads * tiles.span;
        const qkv = noise(tokens * (heads + 2 * kvHeads) * headDim, 1, 2);
        const dout = noise(tokens * heads * headDim, 2);
        const forward = attentionRef(qkv, start, { tokens, ...shape });
        const buffers = {
          qkv: gpu.upload("qkv", qkv),
          out: gpu.upload("out", Float32Array.from(forward.out)),
          lse: gpu.upload("lse", Float32Array.from(forward.lse)),
          dout: gpu.upload("dout", dout),
          tiles: gpu.upload("tiles", tiles.tiles),
          segments: gpu.upload("segments", tiles.segments),
          d: gpu.allocate("d", tokens * heads * 4),
          probability: gpu.upload("probability", noise(scratchFloats, 7)),
          dscore: gpu.upload("dscore", noise(scratchFloats, 8)),
          dqkv: gpu.upload("dqkv", noise(qkv.length, 9)),
        };
        await run((recorder) =>
          attentionBackward(recorder, buffers, { tokens, ...shape }, { ...tiles, scratchFloats })
        );
        gpu.subgroups8 = subgroups8;
        const expected = attentionBackwardRef(qkv, start, dout, { tokens, ...shape });
        assertClose(await gpu.readFloats(buffers.dqkv), expected, 1e-5, "dqkv");
        gpu.release(...Object.values(buffers));
      });
    }
  }
});
