import { describe, it } from "node:test";
import { assertClose, noise, run, testGpu } from "#shared/engine/gpu/testing.ts";
import { logProb, logProbScratchBytes } from "./log_prob.ts";
import { logProbRef } from "./log_prob.ref.ts";

describe("log_prob", () => {
  for (
    const [rows, vocab, temperature, scale] of [
      [1, 5, 1, 1],
      [70, 34, 0.7, 30],
      [3, 1024, 1, 5],
      [5, 4099, 1.3, 8],
    ] as const
  ) {
    it(`equals the f64 reference at ${rows} rows of ${vocab}, T = ${temperature}`, async () => {
      const gpu = await testGpu();
      const stride = Math.ceil(vocab / 4) * 4;
      const shape = { rows, vocab, stride, temperature };
      const logits = noise(rows * stride, 1, scale);
      for (let row = 0; row < rows; row++) logits.fill(1e3, row * stride + vocab, (row + 1) * stride); // padding
      const targets = Uint32Array.from({ length: rows }, (_, row) => (row * 31 + vocab - 1) % vocab);
      const buffers = {
        logits: gpu.upload("logits", logits),
        targets: gpu.upload("targets", targets),
        partials: gpu.allocate("partials", logProbScratchBytes(rows, vocab)),
        log_prob: gpu.allocate("log_prob", rows * 4),
        entropy: gpu.allocate("entropy", rows * 4),
        lse: gpu.allocate("lse", rows * 4),
      };
      await run((recorder) => logProb(recorder, buffers, shape));
      const expected = logProbRef(logits, targets, shape);
      assertClose(await gpu.readFloats(buffers.log_prob), expected.logProb, 1e-6, "log-prob");
      assertClose(await gpu.readFloats(buffers.entropy), expected.entropy, 1e-5, "entropy");
      assertClose(await gpu.readFloats(buffers.lse), expected.lse, 1e-6, "lse");
      gpu.release(...Object.values(buffers));
    });
  }
});
