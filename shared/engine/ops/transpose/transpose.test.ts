import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { transposeRef } from "./transpose.ref.ts";
import { transpose } from "./transpose.ts";

describe("transpose", () => {
  for (const [rows, cols] of [[4, 4], [12, 20], [64, 352]] as const) {
    it(`swaps rows and columns of ${rows} x ${cols}`, async () => {
      const gpu = await testGpu();
      const x = noise(rows * cols, 1);
      const buffers = { x: gpu.upload("x", x), out: gpu.allocate("out", rows * cols * 4) };
      await run((recorder) => transpose(recorder, buffers, { rows, cols }));
      assertClose(await gpu.readFloats(buffers.out), transposeRef(x, rows, cols), 0);
      gpu.release(...Object.values(buffers));
    });
  }
});
