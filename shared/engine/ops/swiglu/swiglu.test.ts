import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { swiglu } from "./swiglu.ts";
import { swigluRef } from "./swiglu.ref.ts";

describe("swiglu", () => {
  for (const [rows, cols, scale] of [[1, 4, 1], [7, 12, 10], [65, 176, 300]] as const) {
    it(`equals the f64 reference at ${rows} x ${cols}, values up to ${scale}`, async () => {
      const gpu = await testGpu();
      const gateUp = noise(rows * cols * 2, 5, scale);
      const buffers = {
        gate_up: gpu.upload("gate_up", gateUp),
        out: gpu.allocate("out", rows * cols * 4),
      };
      await run((recorder) => swiglu(recorder, buffers, { rows, cols }));
      assertClose(await gpu.readFloats(buffers.out), swigluRef(gateUp, { rows, cols }), 1e-6);
      gpu.release(...Object.values(buffers));
    });
  }
});
