import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/gpu/testing.ts";
import { swigluBackward } from "./swiglu_backward.ts";
import { swigluBackwardRef, swigluRef } from "./swiglu_backward.ref.ts";
import { assertGradient, inner } from "./testing.ts";

describe("swiglu backward", () => {
  it("has a reference that equals central differences", () => {
    const gateUp = Float64Array.from(noise(3 * 8, 1, 3));
    const dact = noise(3 * 4, 2);
    const analytic = swigluBackwardRef(gateUp, dact, 3, 4);
    assertGradient(analytic, () => inner(swigluRef(gateUp, 3, 4), dact), gateUp, "dgate_up");
  });

  for (const [rows, intermediate] of [[1, 4], [7, 12], [33, 176]] as const) {
    it(`equals the f64 reference at ${rows} x ${intermediate}`, async () => {
      const gpu = await testGpu();
      const [gateUp, dact] = [noise(rows * 2 * intermediate, 1, 6), noise(rows * intermediate, 2)];
      gateUp[0] = -200; // saturated: the gradient is 0, not a NaN
      gateUp[1] = 200;
      const buffers = {
        gate_up: gpu.upload("gate_up", gateUp),
        d: gpu.upload("d", dact),
        dgate_up: gpu.allocate("dgate_up", gateUp.byteLength),
      };
      await run((recorder) => swigluBackward(recorder, buffers, { rows, intermediate }));
      assertClose(await gpu.readFloats(buffers.d), swigluRef(gateUp, rows, intermediate), 1e-5, "act");
      const expected = swigluBackwardRef(gateUp, dact, rows, intermediate);
      assertClose(await gpu.readFloats(buffers.dgate_up), expected, 1e-5, "dgate_up");
      gpu.release(...Object.values(buffers));
    });
  }
});
