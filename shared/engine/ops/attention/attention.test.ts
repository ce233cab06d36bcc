import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { attention } from "./attention.ts";
import { attentionRef, keysOf } from "./attention.ref.ts";
import { tablesOf, tileOf } from "./segments.ts";
import { forest, tokensOf, type Tree } from "./testing.ts";

describe("attention", () => {
  for (
    const [trees, heads, kvHeads, headDim, window] of [
      [[1], 1, 1, 8],
      [[3, 1, 18, 7], 4, 2, 16, 5],
      [[41, 20], 2, 1, 8, 1],
      [[[9, 3, [5, 1, 12], 8], 4, [1, [1, 1]]], 4, 2, 16, 11],
      [[[30, 17, 17, 9], [7, [7, [7, 40]]]], 6, 3, 24, 16],
      [[3, 1, 18, 7], 4, 2, 16],
      [[33, 5], 6, 3, 24],
      [[20, 41], 14, 2, 64],
      [[[9, 3, [5, 1, 12], 8], 4, [1, [1, 1]]], 4, 2, 16],
      [[[30, 17, 17, 9], [7, [7, [7, 40]]]], 6, 3, 24],
    ] as const
  ) {
    for (const subgroups of [true, false]) {
      it(`equals the f64 reference for segments ${JSON.stringify(trees)}, heads ${heads}/${kvHeads} of ${headDim}, window ${window}${subgroups ? "" : ", portable"}`, async () => {
        const gpu = await testGpu();
        const { subgroups8 } = gpu;
        gpu.subgroups8 &&= subgroups;
        const segments = forest(trees as readonly Tree[]);
        const tables = tablesOf(segments, tileOf(gpu));
        const tokens = tokensOf(segments);
        const shape = { heads, kvHeads, headDim, window };
        const qkv = noise(tokens * (heads + 2 * kvHeads) * headDim, 1, 3);
        const buffers = {
          qkv: gpu.upload("qkv", qkv),
          tiles: gpu.upload("tiles", tables.tiles),
          segments: gpu.upload("segments", tables.segments),
          out: gpu.allocate("out", tokens * heads * headDim * 4),
          lse: gpu.allocate("lse", tokens * heads * 4),
        };
        await run((recorder) => attention(recorder, buffers, { tiles: tables.count, ...shape }));
        gpu.subgroups8 = subgroups8;
        const expected = attentionRef(qkv, keysOf(segments, window), { tokens, ...shape });
        assertClose(await gpu.readFloats(buffers.out), expected.out, 1e-5, "out");
        assertClose(await gpu.readFloats(buffers.lse), expected.lse, 1e-5, "lse");
        gpu.release(...Object.values(buffers));
      });
    }
  }
});
