import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { copyInto } from "./copy_into.ts";

describe("copyInto()", () => {
  it("puts a scaled matrix into a larger one and leaves the rest alone", async () => {
    const gpu = await testGpu();
    for (
      const [rows, cols, stride, firstRow, firstCol] of [[1, 4, 4, 0, 0], [5, 12, 20, 2, 4], [
        33,
        8,
        8,
        1,
        0,
      ]] as const
    ) {
      const [x, before] = [noise(rows * cols, 1), noise((rows + 3) * stride, 2)];
      const buffers = { x: gpu.upload("x", x), out: gpu.upload("out", before) };
      const scale = 0.5; // exact
      await run((recorder) => copyInto(recorder, buffers, { rows, cols, stride, firstRow, firstCol, scale }));
      const expected = before.map((old, i) => {
        const [row, col] = [Math.floor(i / stride) - firstRow, i % stride - firstCol];
        return row >= 0 && row < rows && col >= 0 && col < cols ? scale * x[row * cols + col]! : old;
      });
      assert.deepEqual(await gpu.readFloats(buffers.out), expected);
      gpu.release(...Object.values(buffers));
    }
  });
});
