import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { rmsNorm } from "./rms_norm.ts";
import { rmsNormRef } from "./rms_norm.ref.ts";

describe("rms_norm", () => {
  for (const [rows, cols] of [[1, 4], [3, 20], [65, 64], [130, 896]] as const) {
    it(`equals the f64 reference at ${rows} x ${cols}`, async () => {
      const gpu = await testGpu();
      const [x, weight] = [noise(rows * cols, 1, 3), noise(cols, 2)];
      const buffers = {
        x: gpu.upload("x", x),
        weight: gpu.upload("weight", weight),
        out: gpu.allocate("out", rows * cols * 4),
        rstd: gpu.allocate("rstd", rows * 4),
      };
      await run((recorder) => rmsNorm(recorder, buffers, { rows, cols, eps: 1e-6 }));
      const expected = rmsNormRef(x, weight, { rows, cols, eps: 1e-6 });
      assertClose(await gpu.readFloats(buffers.out), expected.out, 1e-5, "out");
      assertClose(await gpu.readFloats(buffers.rstd), expected.rstd, 1e-5, "rstd");
      gpu.release(...Object.values(buffers));
    });
  }
});
