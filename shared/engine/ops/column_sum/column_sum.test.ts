import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { biasBackward, partialsLength } from "./column_sum.ts";
import { biasBackwardRef, biasRef } from "./column_sum.ref.ts";
import { assertGradient, inner } from "#shared/engine/ops/testing.ts";

describe("column_sum", () => {
  it("has a reference that equals central differences", () => {
    const [x, dy] = [noise(5 * 8, 1), noise(5 * 8, 2)];
    const bias = Float64Array.from(noise(8, 3));
    assertGradient(biasBackwardRef(dy, 8), () => inner(biasRef(x, bias), dy), bias, "db");
  });

  for (const [rows, cols] of [[1, 4], [63, 12], [65, 20], [1000, 128]] as const) {
    it(`adds the column sums to what is there at ${rows} x ${cols}`, async () => {
      const gpu = await testGpu();
      const [dy, before] = [noise(rows * cols, 1), noise(cols, 2)];
      const buffers = {
        dy: gpu.upload("dy", dy),
        partials: gpu.allocate("partials", partialsLength(rows, cols) * 4),
        db: gpu.upload("db", before),
      };
      await run((recorder) => biasBackward(recorder, buffers, { rows, cols }));
      const expected = biasBackwardRef(dy, cols).map((value, i) => value + before[i]!);
      assertClose(await gpu.readFloats(buffers.db), expected, 1e-5);
      gpu.release(...Object.values(buffers));
    });
  }
});
