import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { rmsNormRef } from "./rms_norm.ref.ts";
import { partialsLength } from "#shared/engine/ops/column_sum/column_sum.ts";
import { rmsNormBackward } from "./rms_norm_backward.ts";
import { rmsNormBackwardRef } from "./rms_norm_backward.ref.ts";
import { assertGradient, inner } from "#shared/engine/ops/testing.ts";

describe("rms_norm backward", () => {
  it("has a reference that equals central differences", () => {
    const shape = { rows: 3, cols: 8, eps: 1e-5 };
    const [x, weight] = [Float64Array.from(noise(24, 1)), Float64Array.from(noise(8, 2))];
    const dy = noise(24, 3);
    const { dx, dweight } = rmsNormBackwardRef(x, weight, dy, shape);
    const loss = () => inner(rmsNormRef(x, weight, shape).out, dy);
    assertGradient(dx, loss, x, "dx");
    assertGradient(dweight, loss, weight, "dweight");
  });

  for (const [rows, cols] of [[1, 4], [3, 20], [65, 64], [130, 896]] as const) {
    it(`equals the f64 reference at ${rows} x ${cols}`, async () => {
      const gpu = await testGpu();
      const [x, weight, dy] = [noise(rows * cols, 1, 3), noise(cols, 2), noise(rows * cols, 3)];
      const [dxBefore, dweightBefore] = [noise(rows * cols, 4), noise(cols, 5)];
      const buffers = {
        x: gpu.upload("x", x),
        weight: gpu.upload("weight", weight),
        rstd: gpu.upload("rstd", Float32Array.from(rmsNormRef(x, weight, { rows, cols, eps: 1e-6 }).rstd)),
        dy: gpu.upload("dy", dy),
        dx: gpu.upload("dx", dxBefore),
        dweight: gpu.upload("dweight", dweightBefore),
        partials: gpu.allocate("partials", partialsLength(rows, cols) * 4),
      };
      const expected = rmsNormBackwardRef(x, weight, dy, { rows, cols, eps: 1e-6 });
      await run((recorder) => rmsNormBackward(recorder, buffers, { rows, cols, accumulate: true }));
      const added = expected.dx.map((value, i) => value + dxBefore[i]!);
      assertClose(await gpu.readFloats(buffers.dx), added, 1e-5, "dx added");
      const dweight = expected.dweight.map((value, i) => value + dweightBefore[i]!);
      assertClose(await gpu.readFloats(buffers.dweight), dweight, 1e-5, "dweight");
      await run((recorder) => rmsNormBackward(recorder, buffers, { rows, cols, accumulate: false }));
      assertClose(await gpu.readFloats(buffers.dx), expected.dx, 1e-5, "dx overwritten");
      gpu.release(...Object.values(buffers));
    });
  }
});
