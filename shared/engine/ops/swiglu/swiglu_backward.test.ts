import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { swigluRef } from "./swiglu.ref.ts";
import { swigluBackward } from "./swiglu_backward.ts";
import { swigluBackwardRef } from "./swiglu_backward.ref.ts";
import { assertGradient, inner } from "#shared/engine/ops/testing.ts";

describe("swiglu backward", () => {
  it("has a reference that equals central differences", () => {
    const shape = { rows: 3, cols: 4 };
    const gateUp = Float64Array.from(noise(3 * 8, 1, 3));
    const dact = noise(3 * 4, 2);
    const analytic = swigluBackwardRef(gateUp, dact, shape);
    assertGradient(analytic, () => inner(swigluRef(gateUp, shape), dact), gateUp, "dgate_up");
  });

  for (const [rows, cols] of [[1, 4], [7, 12], [33, 176]] as const) {
    it(`equals the f64 reference at ${rows} x ${cols}`, async () => {
      const gpu = await testGpu();
      const [gateUp, dact] = [noise(rows * 2 * cols, 1, 6), noise(rows * cols, 2)];
      gateUp[0] = -200; // saturated: the gradient is 0, not a NaN
      gateUp[1] = 200;
      const buffers = {
        gate_up: gpu.upload("gate_up", gateUp),
        d: gpu.upload("d", dact),
        dgate_up: gpu.allocate("dgate_up", gateUp.byteLength),
      };
      await run((recorder) => swigluBackward(recorder, buffers, { rows, cols }));
      assertClose(await gpu.readFloats(buffers.d), swigluRef(gateUp, { rows, cols }), 1e-5, "act");
      const expected = swigluBackwardRef(gateUp, dact, { rows, cols });
      assertClose(await gpu.readFloats(buffers.dgate_up), expected, 1e-5, "dgate_up");
      gpu.release(...Object.values(buffers));
    });
  }
});
