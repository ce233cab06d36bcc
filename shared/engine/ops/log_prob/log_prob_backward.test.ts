import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { logProbRef } from "./log_prob.ref.ts";
import { logProbBackward } from "./log_prob_backward.ts";
import { logProbBackwardRef } from "./log_prob_backward.ref.ts";
import { assertGradient, inner } from "#shared/engine/ops/testing.ts";

describe("log_prob backward", () => {
  it("has a reference that equals central differences", () => {
    const shape = { rows: 3, vocab: 5, stride: 8, temperature: 0.7 };
    const logits = Float64Array.from(noise(3 * 8, 1, 2));
    const [targets, coefficients] = [[4, 0, 2], noise(3, 2)];
    const analytic = logProbBackwardRef(logits, targets, coefficients, shape);
    const loss = () => inner(logProbRef(logits, targets, shape).logProb, coefficients);
    assertGradient(analytic, loss, logits, "dlogits");
  });

  for (const [rows, vocab, temperature] of [[1, 1, 1], [5, 34, 0.7], [33, 45, 1], [3, 4099, 1.3]] as const) {
    it(`equals the f64 reference at ${rows} rows of ${vocab}, T = ${temperature}`, async () => {
      const gpu = await testGpu();
      const stride = Math.ceil(vocab / 4) * 4;
      const shape = { rows, vocab, stride, temperature };
      const logits = noise(rows * stride, 1, 8);
      const targets = Array.from(noise(rows, 2), (u) => Math.floor((u + 1) / 2 * vocab));
      const coefficients = noise(rows, 3);
      const { lse } = logProbRef(logits, targets, shape);
      const buffers = {
        logits: gpu.upload("logits", logits),
        lse: gpu.upload("lse", Float32Array.from(lse)),
        targets: gpu.upload("targets", Uint32Array.from(targets)),
        coefficients: gpu.upload("coefficients", coefficients),
      };
      await run((recorder) => logProbBackward(recorder, buffers, shape));
      const expected = logProbBackwardRef(logits, targets, coefficients, shape);
      assertClose(await gpu.readFloats(buffers.logits), expected, 1e-5, "dlogits");
      gpu.release(...Object.values(buffers));
    });
  }
});
